import { type DataModelCreate, dataModelCreateSchema } from "@waybill/contracts";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openSession } from "../migrations/testing/open-session.ts";
import { liveSample } from "./live-sample.ts";

const live = openSession(inject("stack").dbUrl);
afterAll(() => live[Symbol.asyncDispose]());

/** A model over a hand-made table; `others` are columns that refer to other models. */
function model(name: string, others: Readonly<Record<string, string>>): DataModelCreate {
  const columns = Object.keys(others).map((column) => [column, { type: "integer" }]);
  return dataModelCreateSchema.parse({
    model_name: name,
    table_name: name,
    schema_version: "1.0.0",
    fields: {
      type: "object",
      required: ["id"],
      properties: { id: { type: "integer" }, ...Object.fromEntries(columns) },
    },
    relationships: Object.entries(others).map(([column, other]) => {
      return { name: `to_${column}`, kind: "many-to-one", model: other, columns: [column] };
    }),
  });
}

const textsIn = (rows: readonly unknown[] = []): string[] => rows.filter((row) => typeof row === "string");
const same = { table: (name: string) => name, column: (_table: string, name: string) => name };
const towns = model("sample_towns", { twin: "sample_towns" });
const people = model("sample_people", { town: "sample_towns" });
const bare = model("sample_people", {});

beforeAll(async () => {
  await live.exec(`
    create table public.sample_towns (id bigint primary key, twin bigint, size numeric, story text);
    insert into public.sample_towns select n, n + 1, 12345678901234567890.5, null from generate_series(1, 200) n;
    create table public.sample_people (id bigint primary key, town bigint);
    insert into public.sample_people select n, 150 + n % 20 from generate_series(1, 100) n`);
});

const read = async (before: DataModelCreate[], after: DataModelCreate[], limit: number, old = same) => {
  const rows = await liveSample({ dbUrl: inject("stack").dbUrl, before, after, old, limit });
  return Object.fromEntries(
    Object.entries(rows).map(([table, list]) => [table, textsIn(list).map((row): { id: number } => JSON.parse(row))]),
  );
};

test("rows bring those along that they refer to, also by a key that is yet to come", async () => {
  const now = await read([model("sample_towns", {}), people], [model("sample_towns", {}), people], 10);
  const towned = now["public.sample_towns"]?.map(({ id }) => id);
  expect(now["public.sample_people"]).toHaveLength(10);
  expect(towned).toEqual(expect.arrayContaining([1, 10, 151, 160]));
  expect(towned).toHaveLength(20);
  const then = await read([model("sample_towns", {}), bare], [model("sample_towns", {}), people], 10);
  // the column is not a column of the model yet, so it is no column of the plan's table
  expect(then["public.sample_towns"]).toHaveLength(10);
});

test("a chain that is longer than what is followed loses its end, and no row points to nothing", async () => {
  const { "public.sample_towns": found = [] } = await read([towns], [towns], 3);
  // 200 refers to no row that is there, and so on back along the chain
  expect(found).toEqual([]);
  await live.exec("update public.sample_towns set twin = case when id % 4 = 0 then null else id + 1 end");
  const { "public.sample_towns": rows = [] } = await read([towns], [towns], 5);
  expect(rows.map(({ id }) => id).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("names are those before the change, numbers keep their digits, and long rows stay out", async () => {
  await live.exec("update public.sample_towns set story = repeat('x', 70000) where id = 2");
  const moved = { ...model("sample_villages", { pair: "sample_villages" }), model_name: "sample_towns" };
  const old = { table: () => "sample_towns", column: (_: string, name: string) => (name === "pair" ? "twin" : name) };
  const renamed = { ...moved, relationships: [{ ...moved.relationships?.[0], model: "sample_towns" }] };
  const rows = await liveSample({
    dbUrl: inject("stack").dbUrl,
    before: [towns],
    after: [dataModelCreateSchema.parse(renamed)],
    old,
    limit: 5,
  });
  const texts = textsIn(rows["public.sample_towns"]);
  expect(texts.every((text) => text.includes("12345678901234567890.5"))).toBe(true);
  // 1 refers to 2, which is too long
  const ids = texts.map((text) => Number(/"id": (\d)/.exec(text)?.[1]));
  expect(ids.toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8]);
});

test("however many rows are asked for, a table takes a few megabytes of memory", async () => {
  await live.exec(`create table public.sample_heaps (id bigint primary key, pair bigint, story text);
    insert into public.sample_heaps select n, n, repeat('x', 60000) from generate_series(1, 200) n`);
  const heaps = model("sample_heaps", { pair: "sample_heaps" });
  const dbUrl = inject("stack").dbUrl;
  const rows = await liveSample({ dbUrl, before: [heaps], after: [heaps], old: same, limit: 2000 });
  const texts = textsIn(rows["public.sample_heaps"]);
  expect(texts.length).toBeGreaterThan(100);
  expect(texts.join("").length).toBeLessThanOrEqual(8 * 1024 * 1024);
});

test("a table that is not there has no rows, and those that refer to it stay out", async () => {
  const gone = model("sample_gone", { town: "sample_towns" });
  const lost = model("sample_people", { town: "sample_gone" });
  const found = await read([towns, gone], [towns, gone], 5);
  expect(Object.keys(found)).toEqual(["public.sample_towns"]);
  expect(found["public.sample_towns"]).not.toEqual([]);
  expect(await read([gone, lost], [gone, lost], 5)).toEqual({ "public.sample_people": [] });
});

test("nothing is read where nothing is allowed", async () => {
  expect(
    await liveSample({ dbUrl: "postgresql://nobody@127.0.0.1:1/x", before: [towns], after: [], old: same, limit: 0 }),
  ).toEqual({});
});
