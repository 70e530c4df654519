import fc from "fast-check";
import { expect, test } from "vitest";
import { exactNumber } from "./exact-number.ts";

test.each([
  ["0", 0],
  ["-0.50", -0.5],
  ["1000", 1000],
  ["1000000000000000000000", 1e21],
  ["0.30000000000000004", 0.300_000_000_000_000_04],
  ["9007199254740992", 2 ** 53],
  ["9007199254740993", null],
  ["0.12345678901234567890", null],
  ["1e400", null],
  ["NaN", null],
  ["Infinity", null],
  ["", null],
  ["0x10", null],
])("%s is the double %s", (text, value) => expect(exactNumber(text)).toBe(value));

test("every double that is written out is itself", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(exactNumber(String(value))).toBe(value === 0 ? 0 : value);
    }),
  );
});
