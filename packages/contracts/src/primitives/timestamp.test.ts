import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instants } from "../testing/arbitraries.ts";
import { expectIssue } from "../testing/expect-issue.ts";
import { addMicroseconds, compareTimestamps, earlierTimestamp, laterTimestamp, timestampSchema } from "./timestamp.ts";

describe("timestampSchema", () => {
  it.each([
    "2026-11-22T10:00:00.123456+00:00",
    "2026-11-22T10:00:00.12+00:00",
    "2026-11-22T10:00:00+00:00",
    "2026-11-22T10:00:00.123Z",
    "2026-11-22T10:00:00+05:30",
    "2024-02-29T00:00:00Z",
  ])("takes %s", (time) => expect(timestampSchema.parse(time)).toBe(time));

  it.each([
    "",
    "2026-11-22",
    "2026-11-22T10:00:00",
    "2026-11-22 10:00:00+00",
    "2025-02-29T00:00:00Z",
    "2026-11-22T25:00:00Z",
    "infinity",
    "now()",
  ])("refuses %j", (time) => expectIssue(timestampSchema, time, "", /ISO 8601/));

  it.each(["0000-01-01T00:00:00Z", "2026-11-22T10:00:00+16:00", "2026-11-22T10:00:00.5-23:59"])(
    "refuses %s, which Postgres would",
    (time) => expectIssue(timestampSchema, time, "", /0001 to 9999/),
  );

  it("takes the widest offset of Postgres", () => {
    for (const time of ["0001-01-01T00:00:00+15:59", "9999-12-31T23:59:59.999999-15:59"])
      expect(timestampSchema.parse(time)).toBe(time);
  });

  it("refuses a second of endless digits", () => {
    expectIssue(timestampSchema, `2026-11-22T10:00:00.${"1".repeat(100)}Z`, "", /at most 40/);
  });
});

describe("compareTimestamps", () => {
  it("tells microseconds apart, across offsets and lengths of fraction", () => {
    expect(compareTimestamps("2026-11-22T10:00:00.000001Z", "2026-11-22T10:00:00Z")).toBeGreaterThan(0);
    expect(compareTimestamps("2026-11-22T10:00:00.1Z", "2026-11-22T10:00:00.100000+00:00")).toBe(0);
    expect(compareTimestamps("2026-11-22T10:00:00+02:00", "2026-11-22T08:00:00.000001Z")).toBeLessThan(0);
  });

  it("orders by what was added, and finds the later and the earlier", () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: -1e9, max: 1e9 }), (time, microseconds) => {
        const moved = addMicroseconds(time, microseconds);
        expect(timestampSchema.safeParse(moved).success).toBe(true);
        expect(Math.sign(compareTimestamps(moved, time))).toBe(Math.sign(microseconds));
        expect(compareTimestamps(addMicroseconds(moved, -microseconds), time)).toBe(0);
        expect(compareTimestamps(laterTimestamp(moved, time), earlierTimestamp(time, moved))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
