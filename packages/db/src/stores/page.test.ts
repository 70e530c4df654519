import { expect, test } from "vitest";
import { readPage, rowReader } from "./page.ts";

const letters = "abcdefghijklmnopqrstuvwxy".split("");

/** A list whose answers a project cuts off at `maxRows`; counts what it was asked. */
function cutList(rows: readonly string[], maxRows: number) {
  let reads = 0;
  return {
    reads: () => reads,
    read: (cursor: string | undefined, count: number) => {
      reads += 1;
      const behind = cursor === undefined ? rows : rows.filter((row) => row > cursor);
      return Promise.resolve(behind.slice(0, Math.min(count, maxRows)));
    },
  };
}

async function walk(rows: readonly string[], maxRows: number, limit: number, readRows = rowReader()) {
  const { read, reads } = cutList(rows, maxRows);
  const pages: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await readPage(readRows, { limit, cursor, cursorOf: (row) => row, read });
    pages.push(page.rows.join(""));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return { pages, reads: reads() };
}

test("the one row too many only tells that there is a next page", async () => {
  expect((await walk(["a", "b", "c"], 1000, 2)).pages).toEqual(["ab", "c"]);
  expect((await walk(["a", "b", "c"], 1000, 3)).pages).toEqual(["abc"]);
  expect((await walk([], 1000, 3)).pages).toEqual([""]);
});

test("a project whose max_rows is below a page cuts no list short, and no page", async () => {
  expect((await walk(letters, 10, 50)).pages).toEqual(["abcdefghijklmnopqrstuvwxy"]);
  expect((await walk(letters, 10, 10)).pages).toEqual(["abcdefghij", "klmnopqrst", "uvwxy"]);
  expect((await walk(letters, 10, 12)).pages).toEqual(["abcdefghijkl", "mnopqrstuvwx", "y"]);
  expect((await walk(letters.slice(0, 10), 10, 50)).pages).toEqual(["abcdefghij"]);
  expect((await walk(letters, 1, 3)).pages.join("")).toEqual(letters.join(""));
});

test("nothing is asked twice where a longer answer has shown that a page cannot have been cut", async () => {
  const readRows = rowReader();
  expect(await walk(letters, 1000, 50, readRows)).toMatchObject({ reads: 2 });
  expect(await walk(letters.slice(0, 4), 1000, 50, readRows)).toMatchObject({ reads: 1 });
  // a full answer shows it too
  expect(await walk(letters, 1000, 20)).toMatchObject({ reads: 2 });
});

test("no more rows come than were asked for, in however many answers", async () => {
  const list = { ...cutList(letters, 10), cursor: undefined, cursorOf: (row: string) => row };
  expect(await rowReader()(list, 15)).toEqual(letters.slice(0, 15));
});
