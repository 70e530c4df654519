import fc from "fast-check";
import { expect, test } from "vitest";
import { readRecords, RecordBuffer } from "./record.ts";

function payload(id: number, text: string): string {
  return `{"operation_id":"${String(id).padStart(36, "0")}","text":${JSON.stringify(text)}}`;
}

/** The payloads found and the bytes given up. */
function read(bytes: Buffer): { found: string[]; damaged: number } {
  const found: string[] = [];
  let damaged = 0;
  const visitor = {
    record: (record: { payload: Buffer }) => found.push(record.payload.toString()),
    damaged: (line: Buffer) => {
      damaged += line.length;
    },
  };
  readRecords(bytes, visitor, true);
  return { found, damaged };
}

test("records come back as they were written, any text and any number", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 300 }), { maxLength: 50 }), (texts) => {
      const buffer = new RecordBuffer();
      const payloads = texts.map((text, id) => payload(id, text));
      for (const one of payloads) buffer.append("O", one);
      expect(read(Buffer.from(buffer.view()))).toEqual({ found: payloads, damaged: 0 });
    }),
  );
});

test("a line without its newline is left for later unless it is the last", () => {
  const buffer = new RecordBuffer();
  buffer.append("I", payload(1, "a"));
  const whole = buffer.length;
  buffer.append("P", payload(2, "b"));
  const bytes = Buffer.from(buffer.view().subarray(0, -1));
  const kinds: string[] = [];
  const visitor = { record: ({ kind }: { kind: string }) => kinds.push(kind), damaged: () => {} };
  expect(readRecords(bytes, visitor)).toBe(whole);
  expect(kinds).toEqual(["I"]);
  readRecords(bytes, visitor, true);
  expect(kinds).toEqual(["I", "I", "P"]);
});

/** Damage of any kind anywhere: only the records that it touches may be lost, and none may come back changed. */
test("overwritten and missing bytes cost only the records that they hit", () => {
  const damage = fc.record({
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom("overwrite", "newline", "cut", "remove"),
    byte: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 80 }), { minLength: 1, maxLength: 20 }), damage, (texts, hit) => {
      const buffer = new RecordBuffer();
      const ends: number[] = [];
      const payloads = texts.map((text, id) => payload(id, text));
      for (const one of payloads) {
        buffer.append("O", one);
        ends.push(buffer.length);
      }
      const bytes = Buffer.from(buffer.view());
      const from = hit.at % bytes.length;
      const to = hit.kind === "cut" ? bytes.length : Math.min(bytes.length, from + hit.length);
      const damaged = spoil(bytes, from, to, hit.kind, hit.byte);
      const untouched = payloads.filter((_, index) => {
        const start = ends[index - 1] ?? 0;
        // The newline belongs to the record before it, but its loss alone costs nothing.
        const end = (ends[index] ?? 0) - 1;
        return end <= from || start >= to;
      });
      const { found } = read(damaged);
      for (const one of untouched) expect(found).toContain(one);
      for (const one of found) expect(payloads).toContain(one);
    }),
    { seed: 20261122, numRuns: 1500 },
  );
});

function spoil(bytes: Buffer, from: number, to: number, kind: string, byte: number): Buffer {
  if (kind === "cut" || kind === "remove") return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  const spoiled = Buffer.from(bytes);
  spoiled.fill(kind === "newline" ? 0x0a : byte, from, to);
  return spoiled;
}
