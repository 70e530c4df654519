import { expect, it } from "vitest";
import { UploadBodies } from "./upload-bodies.ts";

const rows = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

it("makes rows into the argument of record_operations", () => {
  const bodies = new UploadBodies(1);
  expect(bodies.of(rows('{"a":"é"}')).bytes.toString()).toBe('{"operations":[{"a":"é"}]}');
  expect(bodies.of(rows("1", "22", "3")).bytes.toString()).toBe('{"operations":[1,22,3]}');
});

it("uses the memory of a released body again, where the next one fits", () => {
  const bodies = new UploadBodies(1);
  const first = bodies.of(rows("1", "2"));
  const beside = bodies.of(rows("3"));
  expect(beside.bytes.buffer).not.toBe(first.bytes.buffer);
  first.release();
  beside.release();
  const next = bodies.of(rows("44"));
  expect(next.bytes.buffer).toBe(first.bytes.buffer);
  expect(next.bytes.toString()).toBe('{"operations":[44]}');
  next.release();
  expect(bodies.of(rows("5".repeat(1000))).bytes.toString()).toBe(`{"operations":[${"5".repeat(1000)}]}`);
});
