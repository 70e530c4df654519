import { expect, test } from "vitest";
import { distinctNameOf, nameOf } from "./names.ts";

test("a name is its parts, and where Postgres would cut it, a cut with a hash of the whole", () => {
  expect(nameOf("routes", "count", "minimum")).toBe("routes_count_minimum");
  const long = "a".repeat(60);
  expect(nameOf(long, "b")).toBe(`${long}_b`);
  const cut = nameOf(long, "count", "minimum");
  expect(cut).toMatch(/^a{54}_[0-9a-f]{8}$/);
  expect(nameOf(long, "count", "minimum")).toBe(cut);
  expect(nameOf(long, "count", "maximum")).not.toBe(cut);
});

test("parts that join to a name that is taken get one of their own, the same each time", () => {
  const taken = new Set([nameOf("a", "b_c")]);
  const second = distinctNameOf(taken, "a_b", "c");
  expect(second).toMatch(/^a_b_c_[0-9a-f]{8}$/);
  expect(distinctNameOf(taken, "a_b", "c")).toBe(second);
  expect(distinctNameOf(new Set([...taken, second]), "a_b", "c")).not.toBe(second);
  expect(distinctNameOf(taken, "a", "c")).toBe("a_c");
});
