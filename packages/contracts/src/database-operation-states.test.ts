import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DatabaseOperationEvent,
  type DatabaseOperationState,
  transitionDatabaseOperation as transition,
} from "./database-operation-states.ts";
import { compareTimestamps } from "./primitives.ts";
import { instants, jsonValues } from "./testing/arbitraries.ts";

const created_at = "2026-11-22T10:00:00.000000Z";
const ending = { at: "2026-11-22T10:00:00.001500+00:00", execution_time_ms: 2 };
const pending: DatabaseOperationState = {
  operation_type: "read",
  status: "pending",
  created_at,
  completed_at: null,
  execution_time_ms: null,
  error_message: null,
  response_data: null,
};

const events: Record<DatabaseOperationEvent["type"], DatabaseOperationEvent> = {
  initiated: { type: "initiated", operation_type: "read", at: created_at },
  succeeded: { type: "succeeded", ...ending, response_data: [1] },
  failed: { type: "failed", ...ending, error_message: "refused" },
  timed_out: { type: "timed_out", ...ending },
  subscription_ended: { type: "subscription_ended", events: 7 },
};

function settle(state: DatabaseOperationState, event: DatabaseOperationEvent): DatabaseOperationState {
  const result = transition(state, event);
  if (!result.ok) throw new Error(result.message);
  return result.state;
}

const ends = [
  ["success", settle(pending, events.succeeded)],
  ["error", settle(pending, events.failed)],
  ["timeout", settle(pending, events.timed_out)],
] as const;

describe("transitionDatabaseOperation", () => {
  it("begins pending, without an outcome", () => {
    expect(transition(null, events.initiated)).toEqual({ ok: true, state: pending });
  });

  it("refuses everything but the beginning while there is no operation", () => {
    for (const event of Object.values(events).filter(({ type }) => type !== "initiated")) {
      expect(transition(null, event)).toMatchObject({ ok: false, code: "ILLEGAL_TRANSITION", state: null });
    }
  });

  it("takes a pending one to success, error or timeout with all that belongs to it", () => {
    const completed = { ...pending, completed_at: ending.at, execution_time_ms: 2 };
    expect(settle(pending, events.succeeded)).toEqual({ ...completed, status: "success", response_data: [1] });
    expect(settle(pending, events.failed)).toEqual({ ...completed, status: "error", error_message: "refused" });
    expect(settle(pending, events.timed_out)).toEqual({ ...completed, status: "timeout" });
  });

  it("does not begin a second time, and counts no events of a subscription that has not started", () => {
    expect(transition(pending, events.initiated).ok).toBe(false);
    expect(transition({ ...pending, operation_type: "real_time" }, events.subscription_ended).ok).toBe(false);
  });

  it.each(ends)("ends at %s: no event leads on", (status, state) => {
    for (const event of Object.values(events)) {
      expect(transition(state, event)).toMatchObject({
        ok: false,
        code: "ILLEGAL_TRANSITION",
        state: { status },
        event,
      });
    }
  });

  it("writes down how many events a subscription delivered, once it had started", () => {
    const subscribed: DatabaseOperationState = { ...settle(pending, events.succeeded), operation_type: "real_time" };
    expect(settle(subscribed, events.subscription_ended).response_data).toEqual({ events: 7 });
    const refused: DatabaseOperationState = { ...settle(pending, events.failed), operation_type: "real_time" };
    expect(transition(refused, events.subscription_ended).ok).toBe(false);
  });

  it("completes after it was created even when the clock stepped back, in whole milliseconds of at least 1", () => {
    fc.assert(
      fc.property(instants, instants, fc.double({ min: 0, max: 1e6, noNaN: true }), (start, at, elapsed) => {
        const from = { ...pending, created_at: start };
        const state = settle(from, { type: "timed_out", at, execution_time_ms: elapsed });
        expect(compareTimestamps(state.completed_at ?? "", start)).toBeGreaterThan(0);
        expect(Number.isInteger(state.execution_time_ms)).toBe(true);
        expect(state.execution_time_ms).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it("stays within its four states: pending exactly as long as it is not completed", () => {
    const anyEvent: fc.Arbitrary<DatabaseOperationEvent> = fc.oneof(
      fc.constantFrom(...Object.values(events)),
      fc.record({
        type: fc.constant("succeeded" as const),
        at: instants,
        execution_time_ms: fc.nat(),
        response_data: jsonValues,
      }),
    );
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 10 }), (steps) => {
        let state = pending;
        let changes = 0;
        for (const event of steps) {
          const result = transition(state, event);
          if (result.ok) [state, changes] = [result.state, changes + 1];
          expect(state.status === "pending").toBe(state.completed_at === null);
        }
        expect(changes).toBeLessThanOrEqual(1);
      }),
    );
  });
});
