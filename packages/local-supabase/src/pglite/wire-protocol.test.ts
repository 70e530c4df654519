import fc from "fast-check";
import { expect, test } from "vitest";
import * as wire from "./wire-protocol.ts";

const frame = (bytes: Buffer): wire.Frame => ({ type: bytes.toString("latin1", 0, 1), bytes });
const withLetter = (letter: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(letter, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

test("messages are taken whole, however the network cut them", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), fc.nat(400), (bodies, cut) => {
      const stream = Buffer.concat(bodies.map((body) => withLetter("d", Buffer.from(body))));
      const first = stream.subarray(0, cut);
      const frames: Buffer[] = [];
      let rest: Buffer = first;
      for (const more of [Buffer.alloc(0), stream.subarray(cut)]) {
        rest = Buffer.concat([rest, more]);
        for (let taken = wire.takeFrame(rest); taken; taken = wire.takeFrame(rest)) {
          frames.push(taken.frame.bytes);
          rest = taken.rest;
        }
      }
      expect(Buffer.concat(frames).equals(stream)).toBe(true);
      expect(frames).toHaveLength(bodies.length);
    }),
  );
});

/** How many bytes a parser leaves; -1 if it takes nothing yet, or refuses. */
function restAfter(take: (buffer: Buffer) => { rest: Buffer } | undefined, bytes: Buffer): number {
  try {
    return take(bytes)?.rest.length ?? -1;
  } catch {
    return -1;
  }
}

test("no bytes make the parser loop or take more than the limit", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      for (const take of [wire.takeFrame, wire.takeOpening]) {
        expect(restAfter(take, Buffer.from(bytes))).toBeLessThan(bytes.length);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(() => wire.takeFrame(withLetter("Q", Buffer.alloc(0)).fill(0x7f, 1))).toThrow("is refused");
});

test("a statement's name is prefixed where it is one, and nowhere else", () => {
  const zero = (text: string): Buffer => Buffer.from(text.replaceAll("|", "\0"), "latin1");
  const cases: [string, string, string][] = [
    ["P", "s1|select 1|", "c7_s1|select 1|"],
    ["P", "|select 1|", "|select 1|"],
    ["B", "portal|s1|", "portal|c7_s1|"],
    ["B", "||", "||"],
    ["D", "Ss1|", "Sc7_s1|"],
    ["D", "Pp1|", "Pp1|"],
    ["C", "Ss1|", "Sc7_s1|"],
    ["Q", "s1|", "s1|"],
  ];
  for (const [letter, given, expected] of cases) {
    const prefixed = wire.withStatementPrefix(frame(withLetter(letter, zero(given))), "c7_");
    expect(prefixed.equals(withLetter(letter, zero(expected))), `${letter} ${given}`).toBe(true);
  }
});

test("a simple query that is a COPY FROM STDIN is known, and no other", () => {
  const asks = (sql: string): boolean => wire.asksForRows(frame(withLetter("Q", Buffer.from(`${sql}\0`))));
  expect(["copy t from stdin", "  COPY public.t (a, b)\nFROM STDIN with csv"].map(asks)).toEqual([true, true]);
  expect(["copy t to stdout", "select 'copy t from stdin'", "copy t from '/stdin'"].map(asks)).toEqual([
    false,
    false,
    false,
  ]);
});
