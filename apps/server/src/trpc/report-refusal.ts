import type { ErrorCode } from "@waybill/contracts";
import type { Logger } from "pino";
import type { ApiError } from "./api-error.ts";

/**
 * Refusals that somebody who watches for attacks wants to see. Not RATE_LIMITED and no malformed input: a line for each
 * would let anybody fill the log, and `/metrics` counts them.
 */
const ofSecurity: ReadonlySet<ErrorCode> = new Set([
  "CODE_INVALID",
  "CSRF_REFUSED",
  "FORBIDDEN",
  "INVALID_CREDENTIALS",
  "TOKEN_ALGORITHM",
  "TOKEN_FOREIGN",
  "TOKEN_FORGED",
  "TOKEN_INVALID",
  "TOKEN_UNSIGNED",
]);

export interface Refused {
  readonly request_id: string | null;
  readonly path: string | undefined;
  /** From where; only asked when it is told. */
  readonly address: () => string | null;
  /** Who, where that is known. What was typed at a login is not: it may be a password. */
  readonly user_id: string | null;
}

/** A line for a refusal that was meant: at level info with who and from where, or at level debug. */
export function reportRefusal(logger: Logger, error: ApiError, { address, user_id, ...fields }: Refused): void {
  const code = error.waybillCode;
  if (ofSecurity.has(code)) logger.info({ ...fields, code, user_id, address: address() }, error.message);
  else logger.debug({ ...fields, code }, error.message);
}
