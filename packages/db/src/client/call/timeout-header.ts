import type { RequestHeaders } from "./request-headers.ts";

/** Asks for a deadline of a call's own, in ms; it never leaves the process. */
export const TIMEOUT_HEADER = "x-waybill-timeout-ms";
/** As long as the setting for all calls may be. */
const LONGEST_MS = 3_600_000;

/**
 * Takes the deadline that a call asks for out of its headers; undefined where it asks for none.
 *
 * @throws TypeError for anything but a whole number within the bounds: before a record begins, and nothing is sent
 */
export function takeTimeout(headers: Pick<RequestHeaders, "get" | "delete">): number | undefined {
  const text = headers.get(TIMEOUT_HEADER);
  if (text === undefined) return undefined;
  headers.delete(TIMEOUT_HEADER);
  const timeoutMs = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (timeoutMs >= 1 && timeoutMs <= LONGEST_MS) return timeoutMs;
  throw new TypeError(
    `The header ${TIMEOUT_HEADER} must be a whole number from 1 to ${LONGEST_MS}, in milliseconds. Nothing was sent; correct it.`,
  );
}
