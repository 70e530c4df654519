import { expect, test } from "vitest";
import { createUuidV7 } from "./uuidv7.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("identifiers are UUIDv7 and carry the time in milliseconds", () => {
  const id = createUuidV7(() => 1_795_341_600_123)();
  expect(id).toMatch(UUID_V7);
  expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(1_795_341_600_123);
});

test("identifiers ascend within one millisecond, beyond its counter, and when the clock steps back", () => {
  let now = 1_795_341_600_000;
  const next = createUuidV7(() => now);
  const ids = Array.from({ length: 10_000 }, (_, index) => {
    if (index === 8000) now -= 60_000;
    return next();
  });
  expect(ids.every((id) => UUID_V7.test(id))).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("two generators of the same millisecond do not meet", () => {
  const now = (): number => 1_795_341_600_000;
  const one = createUuidV7(now);
  const other = createUuidV7(now);
  const ids = new Set(Array.from({ length: 1000 }, () => [one(), other()]).flat());
  expect(ids.size).toBe(2000);
});
