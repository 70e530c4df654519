import { expect, it } from "vitest";
import { RecordBuffer } from "./record.ts";
import { RecentRows } from "./recent-rows.ts";

const MIB = 1024 * 1024;

/** Writes rows as a journal does, turn by turn; the file is only counted. */
function journal() {
  const recent = new RecentRows();
  const buffer = new RecordBuffer();
  let end = 0;
  return {
    recent,
    end: () => end,
    write: (rows: readonly string[], segment = 1): void => {
      for (const row of rows) buffer.append("O", row);
      recent.add(segment, end, buffer.view(), buffer.payloads);
      end += buffer.length;
      buffer.clear();
    },
    startAt: (offset: number): void => {
      end = offset;
    },
  };
}

const texts = (taken: { rows: readonly Buffer[] } | undefined) => taken?.rows.map(String);

it("gives every row once, in order, with what they take in the file", () => {
  const { recent, write, end } = journal();
  write(["a", "bb"]);
  write(["ccc é"]);
  const first = recent.take(1, 0, 15);
  expect(texts(first)).toEqual(["a"]);
  const rest = recent.take(1, first?.bytes ?? 0, MIB);
  expect(texts(rest)).toEqual(["bb", "ccc é"]);
  expect((first?.bytes ?? 0) + (rest?.bytes ?? 0)).toBe(end());
  expect(recent.take(1, end(), MIB)).toBeUndefined();
});

it("gives one row that is longer than what was asked for", () => {
  const { recent, write } = journal();
  write(["x".repeat(3 * MIB)]);
  expect(recent.take(1, 0, 10)?.rows.map(({ length }) => length)).toEqual([3 * MIB]);
});

it("leaves to the file what it no longer has, and what begins elsewhere", () => {
  const { recent, write, end } = journal();
  const row = "x".repeat(MIB / 2);
  for (let turn = 0; turn < 20; turn += 1) write([row]);
  expect(recent.take(1, 0, MIB)).toBeUndefined();
  const line = end() / 20;
  expect(recent.take(1, line * 19 + 1, MIB)).toBeUndefined();
  expect(recent.take(1, line * 19, MIB)?.bytes).toBe(line);
});

it("takes a gap in the file and the next segment for what they are", () => {
  const { recent, write, startAt } = journal();
  write(["a"]);
  startAt(100);
  write(["b"]);
  startAt(0);
  write(["c"], 2);
  expect(texts(recent.take(1, 0, MIB))).toEqual(["a"]);
  expect(texts(recent.take(1, 50, MIB))).toBeUndefined();
  expect(texts(recent.take(1, 100, MIB))).toEqual(["b"]);
  expect(texts(recent.take(2, 0, MIB))).toEqual(["c"]);
});

it("uses the memory of rows again once they are released, and not before", () => {
  const { recent, write, end } = journal();
  const memoryOf = (text: string): ArrayBufferLike | undefined => {
    const at = end();
    write([text.repeat(MIB - 100)]);
    const taken = recent.take(1, at, MIB);
    expect(texts(taken)?.[0]?.startsWith(text)).toBe(true);
    held.push(taken?.release ?? (() => {}));
    return taken?.rows[0]?.buffer;
  };
  const held: (() => void)[] = [];
  const first = memoryOf("a");
  const second = memoryOf("b");
  expect(second).not.toBe(first);
  held.shift()?.();
  expect(memoryOf("c")).toBe(first);
  expect(memoryOf("d")).not.toBe(second);
});

it("forgets all of a directory that was left", () => {
  const { recent, write } = journal();
  write(["a"]);
  recent.clear();
  expect(recent.take(1, 0, MIB)).toBeUndefined();
});
