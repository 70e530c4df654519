import { laterTimestamp } from "./primitives.ts";
import { defineMachine, type EventOf } from "./state-machine.ts";
import {
  errorCountLimit,
  retryCountLimit,
  type supabaseClientPhases,
  type SupabaseClientRow,
} from "./supabase-client.ts";

/** The part of a row that events change (data-model.md §1, State Transitions). */
export type SupabaseClientState = Pick<
  SupabaseClientRow,
  "connection_status" | "is_active" | "error_count" | "retry_count" | "last_used"
>;

interface SupabaseClientEvents {
  /** The process that owns the row starts, for the first time or again. */
  initialized: object;
  operation_succeeded: { readonly at: string };
  /** Only the connection's own failures; what a caller can provoke is no event at all (decisions.md). */
  connection_failed: object;
  retried: { readonly outcome: "success" | "failure" };
  max_retries_reached: object;
  /** The process that owned the row ended, or no longer shows life. */
  stopped: object;
  /** A person took the client out of use. */
  deactivated: object;
  /** A probe got through, or a person asked for it and the connection answered. */
  reconnected: { readonly by: "probe" | "person" };
}
export type SupabaseClientEvent = EventOf<SupabaseClientEvents>;

/**
 * connected, failing: in use. disconnected: out of use by failures or the end of its process, and comes back by itself.
 * deactivated: out of use by a person, and only a person brings it back.
 */
export type SupabaseClientPhase = (typeof supabaseClientPhases)[number];

/** What a row's columns say: an inactive row whose counters are both 0 was put there by a person (docs/decisions/states.md). */
export function supabaseClientPhase(state: SupabaseClientState): SupabaseClientPhase {
  if (!state.is_active || state.connection_status === "disconnected") {
    return state.error_count === 0 && state.retry_count === 0 ? "deactivated" : "disconnected";
  }
  return state.connection_status === "error" ? "failing" : "connected";
}

const healthy = { connection_status: "connected", is_active: true, error_count: 0, retry_count: 0 } as const;

const recovered = (state: SupabaseClientState): SupabaseClientState => ({ ...state, ...healthy });

const used = (state: SupabaseClientState, event: { readonly at: string }): SupabaseClientState => ({
  ...recovered(state),
  // Operations end in any order: a late one must not turn the time back.
  last_used: state.last_used === null ? event.at : laterTimestamp(state.last_used, event.at),
});

const oneMoreError = (state: SupabaseClientState) => Math.min(state.error_count + 1, errorCountLimit);

const failed = (state: SupabaseClientState): SupabaseClientState => ({
  ...state,
  connection_status: "error",
  error_count: oneMoreError(state),
});

const outOfUse = (state: SupabaseClientState): SupabaseClientState => ({
  ...state,
  connection_status: "disconnected",
  is_active: false,
});

const exhausted = (state: SupabaseClientState): SupabaseClientState => ({
  ...outOfUse(state),
  retry_count: retryCountLimit,
});

const retried = (state: SupabaseClientState, event: { readonly outcome: "success" | "failure" }) => {
  if (event.outcome === "success") return recovered(state);
  const next = { ...failed(state), retry_count: Math.min(state.retry_count + 1, retryCountLimit) };
  return next.retry_count === retryCountLimit ? outOfUse(next) : next;
};

const stopped = (state: SupabaseClientState): SupabaseClientState => ({
  ...outOfUse(state),
  // An error, if only this one, marks that no person did it.
  error_count: Math.max(state.error_count, 1),
});

const deactivated = (state: SupabaseClientState): SupabaseClientState => ({
  ...outOfUse(state),
  error_count: 0,
  retry_count: 0,
});

/** The next state of a client, or `ILLEGAL_TRANSITION` (data-model.md §1). Pure; `null` stands for no row yet. */
export const transitionSupabaseClient = defineMachine<SupabaseClientState, SupabaseClientPhase, SupabaseClientEvents>({
  entity: "SupabaseClient",
  phaseOf: supabaseClientPhase,
  birth: {
    initialized: () => ({ ...healthy, last_used: null }),
    operation_succeeded: null,
    connection_failed: null,
    retried: null,
    max_retries_reached: null,
    stopped: null,
    deactivated: null,
    reconnected: null,
  },
  table: {
    connected: {
      initialized: recovered,
      operation_succeeded: used,
      connection_failed: failed,
      retried,
      max_retries_reached: null,
      stopped,
      deactivated,
      reconnected: null,
    },
    failing: {
      initialized: recovered,
      operation_succeeded: used,
      connection_failed: failed,
      retried,
      max_retries_reached: exhausted,
      stopped,
      deactivated,
      reconnected: recovered,
    },
    disconnected: {
      initialized: recovered,
      // What was still under way when the client went out of use cannot bring it back: only a probe or a person can.
      operation_succeeded: null,
      connection_failed: (state) => ({ ...state, error_count: oneMoreError(state) }),
      retried: (state, event) => (event.outcome === "success" ? null : exhausted(failed(state))),
      max_retries_reached: null,
      stopped: null,
      deactivated,
      reconnected: recovered,
    },
    deactivated: {
      initialized: null,
      operation_succeeded: null,
      connection_failed: null,
      retried: null,
      max_retries_reached: null,
      stopped: null,
      deactivated: null,
      reconnected: (state, event) => (event.by === "person" ? recovered(state) : null),
    },
  },
});
