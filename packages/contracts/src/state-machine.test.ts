import { describe, expect, it } from "vitest";
import { defineMachine, type EventOf } from "./state-machine.ts";

interface LampEvents {
  plugged: object;
  switched: { readonly on: boolean };
}

const transition = defineMachine<{ on: boolean }, "on" | "off", LampEvents>({
  entity: "Lamp",
  phaseOf: (state) => (state.on ? "on" : "off"),
  birth: { plugged: () => ({ on: false }), switched: null },
  table: {
    on: { plugged: null, switched: (_state, event) => (event.on ? null : { on: false }) },
    off: { plugged: null, switched: (_state, event) => (event.on ? { on: true } : null) },
  },
});

describe("defineMachine", () => {
  it("makes a state of nothing, and the next one of a state", () => {
    expect(transition(null, { type: "plugged" })).toEqual({ ok: true, state: { on: false } });
    expect(transition({ on: false }, { type: "switched", on: true })).toEqual({ ok: true, state: { on: true } });
  });

  it("refuses an empty cell and a step that does not fit, naming state and event", () => {
    const event = { type: "switched", on: true } as const;
    expect(transition({ on: true }, event)).toEqual({
      ok: false,
      code: "ILLEGAL_TRANSITION",
      entity: "Lamp",
      state: { on: true },
      event,
      message: "Lamp is on: the event switched is not possible there",
    });
    expect(transition(null, event)).toMatchObject({
      state: null,
      message: "Lamp does not exist yet: the event switched is not possible there",
    });
    expect(transition({ on: true }, { type: "plugged" })).toMatchObject({ ok: false });
  });

  it.each(["toString", "__proto__", "constructor", "melted"])(
    "refuses the unknown event %s instead of throwing",
    (type) => {
      const event: EventOf<LampEvents> = JSON.parse(JSON.stringify({ type }));
      expect(transition({ on: true }, event)).toMatchObject({ ok: false, code: "ILLEGAL_TRANSITION" });
      expect(transition(null, event)).toMatchObject({ ok: false, code: "ILLEGAL_TRANSITION" });
    },
  );
});
