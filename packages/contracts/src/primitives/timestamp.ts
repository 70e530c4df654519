import { z } from "zod";

/**
 * An instant as ISO 8601 text with an offset, to the microsecond as Postgres keeps it:
 * `2026-11-22T10:00:00.123456+00:00` (PostgREST) and `2026-11-22T10:00:00.123Z` alike.
 */
export const timestampSchema = z.iso
  .datetime({
    offset: true,
    error: "must be an ISO 8601 time with an offset, such as 2026-11-22T10:00:00.123456+00:00 or …Z",
  })
  .max(40, { error: "must have at most 40 characters: Postgres keeps six digits of a second" })
  .refine((text) => !text.startsWith("0000") && !/[+-](1[6-9]|2\d):?\d\d$/.test(text), {
    error: "must lie in the years 0001 to 9999, with an offset below 16 hours: Postgres takes no other",
  });

/** Orders two timestamps to the microsecond: negative when `a` is earlier, 0 when they are the same instant. */
export function compareTimestamps(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b) || microsecondPart(a) - microsecondPart(b);
}

/** The later of two timestamps, as it was written. */
export function laterTimestamp(a: string, b: string): string {
  return compareTimestamps(a, b) >= 0 ? a : b;
}

/** The earlier of two timestamps, as it was written. */
export function earlierTimestamp(a: string, b: string): string {
  return compareTimestamps(a, b) <= 0 ? a : b;
}

/** `timestamp` moved by whole microseconds, in UTC with six digits. */
export function addMicroseconds(timestamp: string, microseconds: number): string {
  const total = microsecondPart(timestamp) + microseconds;
  const milliseconds = Date.parse(timestamp) + Math.floor(total / 1000);
  const rest = total - Math.floor(total / 1000) * 1000;
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}

/** Microseconds beyond the whole millisecond, 0–999: what `Date` cannot hold. */
function microsecondPart(timestamp: string): number {
  const fraction = /\.(\d+)/.exec(timestamp)?.[1] ?? "";
  return Number(fraction.slice(3, 6).padEnd(3, "0"));
}
