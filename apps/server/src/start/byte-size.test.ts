import { expect, test } from "vitest";
import { parseByteSize } from "./byte-size.ts";

test.each([
  ["2147483648", 2_147_483_648],
  ["2GiB", 2_147_483_648],
  ["512 MiB", 536_870_912],
  ["1.5gb", 1_500_000_000],
  ["10 kb", 10_000],
  ["7B", 7],
])("%s", (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each(["", "GiB", "2G", "-1", "1e9", "2 GiB!", "1_000"])("%s is no size", (text) => {
  expect(parseByteSize(text)).toBeUndefined();
});
