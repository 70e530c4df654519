import fc from "fast-check";
import { expect, test } from "vitest";
import { createClock, formatMicros, parseMicros } from "./clock.ts";

test("times are ISO with six digits, and read back as they were written", () => {
  expect(formatMicros(1_795_341_600_000_001)).toBe("2026-11-22T10:00:00.000001Z");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000_000 }), (micros) => {
      expect(parseMicros(formatMicros(micros))).toBe(micros);
    }),
  );
  expect(parseMicros("2026-11-22T10:00:00Z")).toBeNaN();
});

test("an end is after its start and takes at least 1 ms, whatever the wall clock does meanwhile", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e7, max: 1e7, noNaN: true }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (step, taken) => {
        let wall = 1_795_341_600_000;
        let monotonic = 5000;
        const clock = createClock({ wall: () => wall, monotonic: () => monotonic });
        const started = clock.start();
        wall += step;
        monotonic += taken;
        const { completed_at, execution_time_ms } = clock.since(started);
        expect(parseMicros(completed_at)).toBeGreaterThan(parseMicros(started.at));
        expect(execution_time_ms).toBe(Math.max(1, Math.ceil(taken)));
      },
    ),
  );
});

test("a clock that was set is followed; one that is coarse is refined by the monotonic one", () => {
  let wall = 1_795_341_600_000;
  let monotonic = 0;
  const clock = createClock({ wall: () => wall, monotonic: () => monotonic });
  monotonic = 0.25;
  expect(clock.start().at).toBe("2026-11-22T10:00:00.000250Z");
  wall += 3_600_000;
  expect(clock.start().at).toBe("2026-11-22T11:00:00.000000Z");
});
