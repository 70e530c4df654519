import type { DatabaseOperationRow } from "./database-operation.ts";
import { addMicroseconds, type JsonValue, laterTimestamp } from "./primitives.ts";
import { defineMachine, type EventOf } from "./state-machine.ts";

/** The part of a row that events change, and what decides about them (data-model.md §2, State Transitions). */
export type DatabaseOperationState = Pick<
  DatabaseOperationRow,
  "operation_type" | "status" | "created_at" | "completed_at" | "execution_time_ms" | "error_message" | "response_data"
>;

interface Ending {
  /** When it ended. Not later than created_at (a clock that stepped back) counts as one microsecond after it. */
  readonly at: string;
  /** Whole milliseconds by the monotonic clock, rounded up: ≥ 1. */
  readonly execution_time_ms: number;
}

interface DatabaseOperationEvents {
  initiated: { readonly operation_type: DatabaseOperationRow["operation_type"]; readonly at: string };
  succeeded: Ending & { readonly response_data: JsonValue };
  failed: Ending & { readonly error_message: string; readonly response_data?: JsonValue };
  timed_out: Ending & { readonly error_message?: string };
  /** A subscription that had started is over: how many events it delivered (decisions.md, real_time). */
  subscription_ended: { readonly events: number };
}
export type DatabaseOperationEvent = EventOf<DatabaseOperationEvents>;

const settled = (state: DatabaseOperationState, event: Ending, status: "success" | "error" | "timeout") => ({
  ...state,
  status,
  completed_at: laterTimestamp(event.at, addMicroseconds(state.created_at, 1)),
  execution_time_ms: Math.max(1, Math.ceil(event.execution_time_ms)),
});

/** Success, error and timeout are ends: nothing but the count of a subscription's events may follow. */
const ended = { initiated: null, succeeded: null, failed: null, timed_out: null, subscription_ended: null } as const;

/** The next state of an operation, or `ILLEGAL_TRANSITION` (data-model.md §2). Pure; `null` stands for no row yet. */
export const transitionDatabaseOperation = defineMachine<
  DatabaseOperationState,
  DatabaseOperationRow["status"],
  DatabaseOperationEvents
>({
  entity: "DatabaseOperation",
  phaseOf: (state) => state.status,
  birth: {
    ...ended,
    initiated: (event) => ({
      operation_type: event.operation_type,
      status: "pending",
      created_at: event.at,
      completed_at: null,
      execution_time_ms: null,
      error_message: null,
      response_data: null,
    }),
  },
  table: {
    pending: {
      initiated: null,
      succeeded: (state, event) => ({ ...settled(state, event, "success"), response_data: event.response_data }),
      failed: (state, event) => ({
        ...settled(state, event, "error"),
        error_message: event.error_message,
        response_data: event.response_data ?? null,
      }),
      timed_out: (state, event) => ({
        ...settled(state, event, "timeout"),
        error_message: event.error_message ?? null,
      }),
      subscription_ended: null,
    },
    success: {
      ...ended,
      subscription_ended: (state, event) =>
        state.operation_type === "real_time" ? { ...state, response_data: { events: event.events } } : null,
    },
    error: ended,
    timeout: ended,
  },
});
