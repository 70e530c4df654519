/** What comes of an event: the next state, or the refusal, which is a value and never thrown (decisions.md). */
export type TransitionResult<State, Event> =
  | { readonly ok: true; readonly state: State }
  | IllegalTransition<State, Event>;

export interface IllegalTransition<State, Event> {
  readonly ok: false;
  readonly code: "ILLEGAL_TRANSITION";
  readonly entity: string;
  /** The state as it stood; null when nothing existed yet. */
  readonly state: State | null;
  readonly event: Event;
  readonly message: string;
}

/** The events of an entity: each name with what it carries. */
type Payloads = object;

/** One event of the map, told by its `type`. */
export type EventOf<Map extends Payloads, Name extends keyof Map = keyof Map> = {
  [Key in Name]: { readonly type: Key } & Map[Key];
}[Name];

/** The next state, or null where this very event does not fit (a second refresh with an expiry in the past). */
type Step<State, Event> = (state: State, event: Event) => State | null;

/** The events that bring something into being. */
type Births<State, Map extends Payloads> = {
  readonly [Name in keyof Map]: ((event: EventOf<Map, Name>) => State | null) | null;
};

/** One row of the table: every event has its cell, and null says that it is illegal here. */
type Cells<State, Map extends Payloads> = { readonly [Name in keyof Map]: Step<State, EventOf<Map, Name>> | null };

export interface MachineDefinition<State, Phase extends string, Map extends Payloads> {
  readonly entity: string;
  /** Which row of the table a state stands in; a phase may depend on the event's time. */
  readonly phaseOf: (state: State, event: EventOf<Map>) => Phase;
  /** What each event makes of nothing. */
  readonly birth: Births<State, Map>;
  readonly table: Readonly<Record<Phase, Cells<State, Map>>>;
}

/** The pure transition function of a table. `null` as the state means: it does not exist yet. */
export function defineMachine<State, Phase extends string, Map extends Payloads>(
  definition: MachineDefinition<State, Phase, Map>,
) {
  const next = <Name extends keyof Map>(state: State | null, event: EventOf<Map, Name>): State | null => {
    const name: Name = event.type;
    if (state === null) return Object.hasOwn(definition.birth, name) ? (definition.birth[name]?.(event) ?? null) : null;
    const cells = definition.table[definition.phaseOf(state, event)];
    return Object.hasOwn(cells, name) ? (cells[name]?.(state, event) ?? null) : null;
  };
  return (state: State | null, event: EventOf<Map>): TransitionResult<State, EventOf<Map>> => {
    const reached = next(state, event);
    if (reached !== null) return { ok: true, state: reached };
    const where = state === null ? "does not exist yet" : `is ${definition.phaseOf(state, event)}`;
    const message = `${definition.entity} ${where}: the event ${String(event.type)} is not possible there`;
    return { ok: false, code: "ILLEGAL_TRANSITION", entity: definition.entity, state, event, message };
  };
}
