import type { Instant } from "../../ledger/clock.ts";
import type { OpenOperation } from "../../ledger/ledger-types.ts";
import type { CapturedRequest } from "../capture/capture.ts";
import type { OperationClass } from "../classify/operation-class.ts";
import type { CallError } from "../errors.ts";
import type { Limit } from "../transport/limit.ts";
import type { ConnectionSign } from "./failure.ts";
import type { ReadRequest } from "./read-request.ts";
import type { Subject } from "./subject.ts";

/** The client row that calls run under, as the tracked fetch sees it. */
export interface CallConnection {
  /** → supabase_clients.client_id */
  readonly clientId: string;
  /** Why nothing may be sent now; null when all is well. */
  refusal(): CallError | null;
  /** Undefined for a call that may be sent at once; else resolves when it may, rejects when it may not, or at its limit. */
  enter(limit: Limit): Promise<void> | undefined;
  /** A call that was let in has ended. */
  leave(): void;
  observe(sign: ConnectionSign): void;
}

/** One operation under way. */
export interface Call {
  readonly operationId: string;
  /** Goes along as `x-request-id`, so that whoever sees the request can match it with its record. */
  readonly requestId: string;
  readonly kind: OperationClass;
  readonly request: ReadRequest;
  readonly started: Instant;
  /** 1 for the first that the client above makes. */
  readonly attempt: number;
  /** Of this very call (`x-waybill-timeout-ms`, else the options' own). */
  readonly timeoutMs: number;
  readonly open: OpenOperation;
  readonly captured: CapturedRequest;
  readonly connection: CallConnection;
  /** Whom the request's token names, where the context does not say who asks. */
  readonly subject: Subject | null;
}
