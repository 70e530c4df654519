import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "@waybill/contracts";

/**
 * Whether a table gave back the value that it was sent: an instant however it is written, a uuid in either case. What
 * comes back as something else was not taken but changed: Postgres reads "5" as 5, and "tomorrow" as a day.
 */
export function cameBack(sent: JsonValue, got: unknown, type: string): boolean {
  // JSON has no -0.
  if (typeof sent === "number") return sent === got;
  if (typeof sent !== "string" || typeof got !== "string") return isDeepStrictEqual(sent, got);
  if (type === "uuid") return sent.toLowerCase() === got;
  if (type === "timestamptz") return isSameInstant(sent, got);
  return type === "timetz" ? plainTime(sent) === plainTime(got) : sent === got;
}

function isSameInstant(sent: string, got: string): boolean {
  // What is no instant at all, such as "infinity" or the year 10000, was taken when it comes back letter by letter.
  if (sent.replace(/Z$/, "+00:00") === got) return true;
  const [first, second] = [microseconds(sent), microseconds(got)];
  if (first === null || second === null) return false;
  // What lies below a microsecond is rounded.
  const apart = first - second;
  return apart >= -1n && apart <= 1n;
}

/** As RFC 3339 writes it: no hour 24, and a second 60 only as a leap second. What is written otherwise is no instant. */
const instant = /^(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d):([0-5]\d|60)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

function microseconds(text: string): bigint | null {
  const [, minute, second = "", fraction = "", zone = ""] = instant.exec(text.toUpperCase()) ?? [];
  if (minute === undefined) return null;
  const start = Date.parse(`${minute}:00${zone}`);
  if (second === "60" && start % 86_400_000 !== 86_340_000 && start % 86_400_000 !== -60_000) return null;
  const rest = BigInt(second) * 1_000_000n + BigInt(fraction.padEnd(6, "0").slice(0, 6));
  return Number.isNaN(start) ? null : BigInt(start) * 1000n + rest;
}

function plainTime(text: string): string {
  return text.replace(/Z$/, "+00").replace(/([+-]\d\d):00$/, "$1");
}
