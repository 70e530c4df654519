import { expect, test } from "vitest";
import { createWaybillClient } from "../index.ts";
import { startStubServer } from "../stub-server.ts";
import { CsvImportError, importCsv } from "./index.ts";

const books = {
  model_name: "books",
  table_name: "books",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    required: ["id", "title"],
    properties: {
      id: { type: "integer" },
      title: { type: "string" },
      price: { type: ["number", "null"] },
      sold: { type: "boolean" },
      tags: { type: "array" },
      note: { type: ["string", "null"] },
    },
  },
} as const;

async function refusal(work: Promise<unknown>): Promise<CsvImportError> {
  const error = await work.catch((reason: unknown) => reason);
  if (error instanceof CsvImportError) return error;
  throw new Error("it was not refused", { cause: error });
}

async function stage() {
  const server = await startStubServer();
  return Object.assign(server, { waybill: createWaybillClient({ url: server.url }) });
}

test("cells become values of their columns' types, and empty ones none", async () => {
  await using server = await stage();
  const csv = '\uFEFFid,title,price,sold,tags,note\n1,"Emma, or\n""E""",1.5e2,TRUE,"[1]",\n\n2,,,,,x\n';
  expect(await refusal(importCsv(server.waybill, books, csv))).toMatchObject({
    line: 5,
    message: "Line 5: title must not be empty. Nothing was imported; correct it and import again with { from: 2 }.",
  });
  expect(await importCsv(server.waybill, books, csv.replace("2,,", "2,B,"))).toBe(2);
  expect(server.batches[0]?.rows).toEqual([
    { id: 1, title: 'Emma, or\n"E"', price: 150, sold: true, tags: [1] },
    { id: 2, title: "B", note: "x" },
  ]);
});

test.each([
  ["id,titel\n1,a\n", 1, /"titel" is no column of books, which has id, title/],
  ["id,id\n1,2\n", 1, /the column id stands there twice/],
  ["id,title\n1,a\nx,b\n", 3, /id must be a number/],
  ["id,sold\n1,yes\n", 2, /sold must be true or false/],
  ["id,tags\n1,[\n", 2, /tags must be JSON/],
  ["id,title\n1,a\n2\n", 3, /Invalid Record Length/],
  ['id,title\n1,"a\n', 2, /Quote Not Closed/],
])("%j is refused with line and reason", async (csv, line, message) => {
  await using server = await stage();
  const error = await refusal(importCsv(server.waybill, books, csv));
  expect(error.message).toMatch(message);
  expect(error.line).toBe(line);
  expect(server.batches).toEqual([]);
});

test("an import that was stopped goes on behind what stands", async () => {
  await using server = await stage();
  const lines = ["id,title", "1,a", "2,b", "3,c", "4,", "5,e"];
  const heard: number[] = [];
  const options = { size: 2, onImported: (rows: number) => void heard.push(rows) };
  const stopped = await refusal(importCsv(server.waybill, books, lines.join("\n"), options));
  expect(stopped).toMatchObject({ line: 5, imported: 2, from: 4, refusal: { code: "NOT_FOUND" } });
  const corrected = lines.join("\n").replace("4,", "4,d");
  expect(await importCsv(server.waybill, books, corrected, { ...options, from: stopped.from })).toBe(3);
  expect(heard).toEqual([2, 2, 3]);
  expect(server.batches.flatMap(({ rows }) => rows.map(({ id }) => id))).toEqual([1, 2, 3, 4, 5]);
});

test("a call whose answer is lost is made again under the same key", async () => {
  await using server = await stage();
  server.lose(2);
  expect(await importCsv(server.waybill, books, "id,title\n1,a\n2,b\n", { size: 1 })).toBe(2);
  const keys = server.batches.map(({ idempotency_key }) => idempotency_key);
  expect(keys.slice(0, 3)).toEqual([keys[0], keys[0], keys[0]]);
  expect(new Set(keys).size).toBe(2);
});

test("where no answer comes at all, what stands is said to be unknown, and the same run writes nothing twice", async () => {
  await using server = await stage();
  const csv = "id,title\n1,a\n2,b\n";
  server.lose(3);
  const error = await refusal(importCsv(server.waybill, books, csv));
  expect(error).toMatchObject({ line: 2, imported: 0, from: 2, inDoubt: true });
  expect(error.message).toContain(`whether the rows from line 2 on stand is unknown`);
  expect(error.message).toContain(`{ from: 2, run: "${error.run}" }`);
  expect(await importCsv(server.waybill, books, csv, { from: error.from, run: error.run })).toBe(2);
  expect(new Set(server.batches.map(({ idempotency_key }) => idempotency_key)).size).toBe(1);
});

test("the header is the first line that is not empty, however many lines it takes", async () => {
  await using server = await stage();
  expect(await importCsv(server.waybill, books, "\n\nid,title\n1,a\n")).toBe(1);
  expect(await refusal(importCsv(server.waybill, books, '\n"id","x\ny"\n1,a\n'))).toMatchObject({ line: 3 });
  expect(await refusal(importCsv(server.waybill, books, "\nid,title\nx,a\n"))).toMatchObject({ line: 3, from: 3 });
});

test("a stream is read as it comes, stops when it fails, and when it is told to", async () => {
  await using server = await stage();
  async function* endless() {
    yield "id,title\n";
    for (let id = 1; ; id += 1) yield Buffer.from(`${id},a\n`);
  }
  const stop = new AbortController();
  const onImported = (rows: number) => rows >= 4 && stop.abort();
  const endlessly = importCsv(server.waybill, books, endless(), { size: 2, onImported, signal: stop.signal });
  await expect(endlessly).rejects.toThrow(/abort/i);
  expect(server.batches).toHaveLength(2);

  async function* broken() {
    yield "id,title\n1,a\n";
    throw new Error("the disk is gone");
  }
  await expect(importCsv(server.waybill, books, broken())).rejects.toThrow("the disk is gone");
});

test("a call is no larger than a server takes, in whatever script, and a long row goes alone", async () => {
  await using server = await stage();
  const rows = ["1,a", `2,${"b".repeat(700_000)}`, ...[3, 4, 5, 6].map((id) => `${id},${"字".repeat(90_000)}`)];
  expect(await importCsv(server.waybill, books, `id,title\n${rows.join("\n")}\n`)).toBe(6);
  const calls = server.batches.map((batch) => batch.rows.map(({ id }) => id));
  expect(calls).toEqual([[1], [2], [3, 4], [5, 6]]);
});
