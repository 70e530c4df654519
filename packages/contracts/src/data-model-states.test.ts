import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DataModelEvent, type DataModelState, transitionDataModel as transition } from "./data-model-states.ts";
import { compareTimestamps, compareVersions } from "./primitives.ts";
import { instants, versions } from "./testing/arbitraries.ts";

const at = "2026-11-22T10:00:00.000001Z";
const later = "2026-11-22T11:00:00+00:00";
const active: DataModelState = { is_active: true, schema_version: "1.4.0", created_at: at, updated_at: at };
const inactive: DataModelState = { ...active, is_active: false };

const events: readonly DataModelEvent[] = [
  { type: "created", at: later, schema_version: "2.0.0" },
  { type: "updated", at: later, schema_version: "2.0.0" },
  { type: "deprecated", at: later },
  { type: "reactivated", at: later },
];
const legal = (state: DataModelState | null) =>
  events.filter((event) => transition(state, event).ok).map(({ type }) => type);

describe("transitionDataModel", () => {
  it("takes exactly the events that the table names", () => {
    expect(legal(null)).toEqual(["created"]);
    expect(legal(active)).toEqual(["updated", "deprecated"]);
    expect(legal(inactive)).toEqual(["reactivated"]);
  });

  it("refuses to deprecate twice, naming state and event", () => {
    const event = { type: "deprecated", at: later } as const;
    expect(transition(inactive, event)).toEqual({
      ok: false,
      code: "ILLEGAL_TRANSITION",
      entity: "DataModel",
      state: inactive,
      event,
      message: "DataModel is inactive: the event deprecated is not possible there",
    });
  });

  it("sets what each event sets", () => {
    expect(transition(null, { type: "created", at, schema_version: "1.4.0" })).toEqual({ ok: true, state: active });
    expect(transition(active, { type: "updated", at: later, schema_version: "1.5.0" })).toEqual({
      ok: true,
      state: { ...active, schema_version: "1.5.0", updated_at: later },
    });
    expect(transition(active, { type: "deprecated", at: later })).toMatchObject({
      state: { is_active: false, updated_at: later },
    });
    expect(transition(inactive, { type: "reactivated", at: later })).toMatchObject({ state: { is_active: true } });
  });

  it.each(["1.4.0", "1.3.9", "1.4.0-rc.1", "1.4.0+build", "no version"])(
    "refuses an update to %s: it must raise 1.4.0",
    (schema_version) => {
      expect(transition(active, { type: "updated", at: later, schema_version }).ok).toBe(false);
    },
  );

  it("stays within its states: version and updated_at never go back, an inactive model never changes", () => {
    const anyEvent: fc.Arbitrary<DataModelEvent> = fc.oneof(
      fc.record({
        type: fc.constantFrom("created" as const, "updated" as const),
        at: instants,
        schema_version: versions,
      }),
      fc.record({ type: fc.constantFrom("deprecated" as const, "reactivated" as const), at: instants }),
    );
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (steps) => {
        let state = active;
        for (const event of steps) {
          const result = transition(state, event);
          if (!result.ok) continue;
          expect(compareVersions(result.state.schema_version, state.schema_version)).toBeGreaterThanOrEqual(0);
          expect(compareTimestamps(result.state.updated_at, state.updated_at)).toBeGreaterThanOrEqual(0);
          expect(state.is_active || result.state.schema_version === state.schema_version).toBe(true);
          state = result.state;
        }
      }),
    );
  });
});
