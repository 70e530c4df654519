import type { DatabaseOperationRow } from "@waybill/contracts";

/** A JSON document as text: it is embedded in a journal row verbatim, so it must be whole, valid JSON. */
export type JsonText = string;

/** What is known of an operation before its request leaves the process (data-model.md §2, Initiated). */
export interface OperationIntent {
  readonly operation_id: string;
  readonly client_id: string;
  readonly operation_type: DatabaseOperationRow["operation_type"];
  readonly table_name: string;
  /** ISO time with microseconds, e.g. `2026-11-22T10:00:00.123456Z`. */
  readonly created_at: string;
  /** Null also while it is not proven who asks. */
  readonly user_id: string | null;
  readonly request_id: string | null;
  readonly session_id: string | null;
  readonly model_id: string | null;
  readonly schema_version: string | null;
  /** Redacted and cut to the capture limit already. */
  readonly query_data: JsonText | null;
}

/** What came of an operation (data-model.md §2, Success, Error and Timeout). */
export interface OperationOutcome {
  readonly status: "success" | "error" | "timeout";
  readonly completed_at: string;
  /** Whole milliseconds by the monotonic clock, rounded up: ≥ 1. */
  readonly execution_time_ms: number;
  readonly attempts: number;
  readonly error_message: string | null;
  /** Who asked, where the intent says null and the answer has proven it. */
  readonly user_id?: string;
  /** Redacted and cut to the capture limit already. */
  readonly response_data: JsonText | null;
}

/** An operation whose outcome is still owed. */
export interface OpenOperation {
  /** Resolves once the intent is in the journal; the request must not leave before. Rejects when the ledger refuses. */
  readonly written: Promise<void>;
  /** Whether that takes longer than the event-loop's turn, and may take for ever. */
  readonly waitsForDisk: boolean;
  /** Records the outcome. Never throws and never waits; a second call is ignored. */
  settle(outcome: OperationOutcome): void;
}

/** Where every operation leaves its record: the seam between the tracked client and the journal. */
export interface Ledger {
  begin(intent: OperationIntent): OpenOperation;
}
