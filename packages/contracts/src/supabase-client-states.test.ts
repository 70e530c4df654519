import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instants } from "./testing/arbitraries.ts";
import {
  type SupabaseClientEvent,
  supabaseClientPhase,
  type SupabaseClientPhase,
  type SupabaseClientState,
  transitionSupabaseClient as transition,
} from "./supabase-client-states.ts";

const at = "2026-11-22T10:00:00.000001Z";
const born = {
  connection_status: "connected",
  is_active: true,
  error_count: 0,
  retry_count: 0,
  last_used: null,
} as const;

const states: Record<SupabaseClientPhase, SupabaseClientState> = {
  connected: born,
  failing: { ...born, connection_status: "error", error_count: 3, retry_count: 2 },
  disconnected: { ...born, connection_status: "disconnected", is_active: false, error_count: 6, retry_count: 5 },
  deactivated: { ...born, connection_status: "disconnected", is_active: false },
};

const events: Record<string, SupabaseClientEvent> = {
  initialized: { type: "initialized" },
  operation_succeeded: { type: "operation_succeeded", at },
  connection_failed: { type: "connection_failed" },
  "retried with success": { type: "retried", outcome: "success" },
  "retried with failure": { type: "retried", outcome: "failure" },
  max_retries_reached: { type: "max_retries_reached" },
  stopped: { type: "stopped" },
  deactivated: { type: "deactivated" },
  "reconnected by a probe": { type: "reconnected", by: "probe" },
  "reconnected by a person": { type: "reconnected", by: "person" },
};

type Outcome = SupabaseClientPhase | "illegal";

/** Written by hand from data-model.md §1 and docs/decisions/states.md: one line an event, one column a phase. */
const expected: Record<
  string,
  readonly [nothing: Outcome, connected: Outcome, failing: Outcome, disconnected: Outcome, deactivated: Outcome]
> = {
  initialized: ["connected", "connected", "connected", "connected", "illegal"],
  operation_succeeded: ["illegal", "connected", "connected", "illegal", "illegal"],
  connection_failed: ["illegal", "failing", "failing", "disconnected", "illegal"],
  "retried with success": ["illegal", "connected", "connected", "illegal", "illegal"],
  "retried with failure": ["illegal", "failing", "failing", "disconnected", "illegal"],
  max_retries_reached: ["illegal", "illegal", "disconnected", "illegal", "illegal"],
  stopped: ["illegal", "disconnected", "disconnected", "illegal", "illegal"],
  deactivated: ["illegal", "deactivated", "deactivated", "deactivated", "illegal"],
  "reconnected by a probe": ["illegal", "illegal", "connected", "connected", "illegal"],
  "reconnected by a person": ["illegal", "illegal", "connected", "connected", "connected"],
};

const rows = [null, states.connected, states.failing, states.disconnected, states.deactivated];
const anyEvent = fc.oneof(
  fc.constantFrom(...Object.values(events)),
  instants.map((at) => ({ type: "operation_succeeded" as const, at })),
);

function walk(steps: readonly SupabaseClientEvent[], from: SupabaseClientState = born): SupabaseClientState {
  return steps.reduce((state, event) => {
    const result = transition(state, event);
    return result.ok ? result.state : state;
  }, from);
}

describe("transitionSupabaseClient", () => {
  const cells = Object.entries(expected).flatMap(([name, outcomes]) =>
    outcomes.map((outcome, index) => ({ name, outcome, from: rows[index] ?? null })),
  );

  it.each(cells)("$name → $outcome from $from.connection_status, active $from.is_active", ({ name, outcome, from }) => {
    const event = events[name] ?? { type: "initialized" };
    const result = transition(from, event);
    expect(result.ok ? supabaseClientPhase(result.state) : "illegal").toBe(outcome);
    const refusal = { code: "ILLEGAL_TRANSITION", entity: "SupabaseClient", state: from, event };
    expect(result).toMatchObject(result.ok ? { ok: true } : refusal);
  });

  it("keeps counters in range and a disconnected client inactive, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (steps) => {
        const state = walk(steps);
        expect(state.error_count).toBeGreaterThanOrEqual(0);
        expect(state.error_count).toBeLessThanOrEqual(10);
        expect(state.retry_count).toBeGreaterThanOrEqual(0);
        expect(state.retry_count).toBeLessThanOrEqual(5);
        expect(state.is_active).toBe(state.connection_status !== "disconnected");
      }),
    );
  });

  it("never leaves a disconnected client active by failures alone, nor brings one back", () => {
    const failures = fc.constantFrom(
      ...Object.values(events).filter((event) => ["connection_failed", "max_retries_reached"].includes(event.type)),
      { type: "retried", outcome: "failure" } as const,
    );
    fc.assert(
      fc.property(fc.array(failures, { maxLength: 40 }), fc.array(failures, { maxLength: 20 }), (before, after) => {
        const state = walk(before);
        const disconnected = state.connection_status === "disconnected";
        expect(disconnected && (state.is_active || walk(after, state).is_active)).toBe(false);
      }),
    );
  });

  it("disconnects at the fifth failed retry and not before", () => {
    const retries = (count: number) =>
      Array.from({ length: count }, () => ({ type: "retried", outcome: "failure" }) as const);
    const failing = walk([{ type: "connection_failed" }]);
    expect(walk(retries(4), failing)).toMatchObject({
      connection_status: "error",
      is_active: true,
      retry_count: 4,
    });
    expect(walk(retries(5), failing)).toMatchObject({
      connection_status: "disconnected",
      is_active: false,
      retry_count: 5,
    });
  });

  it("saturates error_count at 10", () => {
    expect(walk(Array.from({ length: 50 }, () => ({ type: "connection_failed" }) as const)).error_count).toBe(10);
  });

  it("resets both counters on a success and takes the later last_used", () => {
    const later = { type: "operation_succeeded", at: "2026-11-22T10:00:00.000002+00:00" } as const;
    const earlier = { type: "operation_succeeded", at } as const;
    expect(walk([later, earlier], states.failing)).toEqual({ ...born, last_used: later.at });
  });

  it("lets nothing but a person bring back what a person took out of use", () => {
    const others = anyEvent.filter((event) => event.type !== "reconnected" || event.by !== "person");
    fc.assert(
      fc.property(fc.array(others, { maxLength: 30 }), (steps) => {
        expect(walk(steps, states.deactivated)).toEqual(states.deactivated);
      }),
    );
  });

  it("leaves the state it was given untouched", () => {
    const frozen = Object.freeze({ ...states.failing });
    for (const event of Object.values(events)) transition(frozen, event);
    expect(frozen).toEqual(states.failing);
  });
});
