import type { DataFilter, DataWhere, JsonValue } from "@waybill/contracts";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

/** A table of this test's own: other tests share the stack. */
const model = "sifted";
const sql = openSql(inject("stack").dbUrl);
let stage: Stage;
let ada: Person;

interface Row {
  readonly id: number;
  readonly word: string | null;
  readonly num: number | null;
  readonly flag: boolean | null;
  readonly tags: readonly string[] | null;
  readonly doc: { readonly [key: string]: JsonValue } | null;
  /** Any JSON value. */
  readonly fact: JsonValue;
}

const awkward = [
  "plain",
  "null",
  "true",
  "a,b",
  "a.b",
  "(x)",
  'say "so"',
  "back\\slash",
  "*",
  "a*b",
  "50%",
  "under_score",
  "{a}",
  "not.is.null",
  "",
  " ",
  "1.00",
  "ü\u{1F600}",
  "'; drop table sifted; --",
  "),or(id.gt.0",
  '"),or(id.gt.0',
  "line\nbreak",
];
const rows: readonly Row[] = Array.from({ length: 44 }, (_, index) => ({
  id: index,
  word: index % 7 === 6 ? null : (awkward[index % awkward.length] ?? null),
  num: index % 5 === 4 ? null : (index % 9) - 4,
  flag: [true, false, null][index % 3] ?? null,
  tags: index % 4 === 3 ? null : awkward.slice(index % 8, (index % 8) + (index % 3)),
  doc: index % 6 === 5 ? null : { kind: awkward[index % 6] ?? "", n: index % 2 },
  fact:
    index % 4 === 0 ? null : ([awkward[index % awkward.length], (index % 9) - 4, index % 2 === 0][index % 3] ?? null),
}));

beforeAll(async () => {
  await sql.unsafe(`
    create table public.${model} (id integer primary key, word text, num integer, flag boolean, tags text[], doc jsonb, fact jsonb);
    alter table public.${model} enable row level security;
    create policy everybody on public.${model} to authenticated using (true);
    grant select on public.${model} to authenticated;
    notify pgrst, 'reload schema'`);
  const json = JSON.stringify(rows);
  await sql`insert into public.sifted select * from jsonb_populate_recordset(null::public.sifted, ${json}::text::jsonb)`;
  stage = await openStage();
  const admin = await stage.newAdmin();
  ada = await stage.newUser();
  await admin.api.models.create.mutate({
    model_name: model,
    table_name: model,
    schema_version: "1.0.0",
    fields: {
      type: "object",
      properties: {
        id: { type: "integer" },
        word: { type: ["string", "null"] },
        num: { type: ["integer", "null"] },
        flag: { type: ["boolean", "null"] },
        tags: { type: ["array", "null"], items: { type: "string" }, "x-pg": "text[]" },
        doc: { type: ["object", "null"] },
        fact: { "x-pg": "jsonb" },
      },
    },
  });
});
afterAll(async () => {
  await sql.unsafe(`drop table public.${model}`);
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

const listed = async (where: DataWhere) => {
  const { rows } = await ada.api.data.list.query({ model, where, columns: ["id"], limit: 100 });
  return rows.map(({ id }) => id);
};

/** As SQL judges it: true, false, or null for neither. */
function judge(row: Row, where: DataWhere): boolean | null {
  if ("not" in where) return negate(judge(row, where.not));
  if ("and" in where) return allOf(where.and.map((part) => judge(row, part)));
  if ("or" in where) return negate(allOf(where.or.map((part) => negate(judge(row, part)))));
  return judgeOne(row, where);
}

function negate(verdict: boolean | null): boolean | null {
  return verdict === null ? null : !verdict;
}

function allOf(verdicts: readonly (boolean | null)[]): boolean | null {
  if (verdicts.includes(false)) return false;
  return verdicts.includes(null) ? null : true;
}

function judgeOne(row: Row, { column, op, value }: DataFilter): boolean | null {
  const held: JsonValue = Object.entries(row).find(([name]) => name === column)?.[1] ?? null;
  if (op === "is") return held === value;
  if (held === null) return null;
  const listed: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  if (op === "in") return listed.includes(held);
  if (op === "contains") {
    if (Array.isArray(held)) return listed.every((one) => held.includes(one));
    const has = new Map<string, unknown>(Object.entries(held));
    return Object.entries(value ?? {}).every(([key, part]) => has.get(key) === part);
  }
  if (op === "like" || op === "ilike") return asRegex(textOf(value), op === "ilike" ? "sui" : "su").test(textOf(held));
  if (op === "eq" || op === "neq") return (held === value) === (op === "eq");
  const difference = Number(held) - Number(value);
  const compared = { gt: difference > 0, gte: difference >= 0, lt: difference < 0, lte: difference <= 0, search: null };
  return compared[op];
}

function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : "";
}

function asRegex(pattern: string, flags: string): RegExp {
  const parts = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  const one = (part: string): string => {
    if (part === "%") return ".*";
    if (part === "_") return ".";
    const character = part.length > 1 && part.startsWith("\\") ? part.slice(1) : part;
    return character.replace(/[\\^$.*+?()[\]{}|]/, String.raw`\$&`);
  };
  return new RegExp(`^${parts.map(one).join("")}$`, flags);
}

const words = fc.constantFrom(...awkward);
const numbers = fc.integer({ min: -5, max: 5 });
const pieces = fc.constantFrom("%", "_", "*", "a", "b", ".", ",", "\\%", "\\_", "\\*", "plain", '"', "(", ")", "ü");
const patterns = fc.array(pieces, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
const condition = (
  column: keyof Row,
  ops: DataFilter["op"][],
  value: fc.Arbitrary<JsonValue>,
): fc.Arbitrary<DataFilter> => fc.record({ column: fc.constant(column), op: fc.constantFrom(...ops), value });
const conditions: fc.Arbitrary<DataWhere> = fc.oneof(
  condition("word", ["eq", "neq"], words),
  condition("word", ["in"], fc.array(words, { minLength: 1, maxLength: 4 })),
  condition("word", ["like", "ilike"], patterns),
  condition("num", ["eq", "neq", "gt", "gte", "lt", "lte"], numbers),
  condition("num", ["in"], fc.array(numbers, { minLength: 1, maxLength: 4 })),
  condition("flag", ["eq", "neq"], fc.boolean()),
  condition("fact", ["eq", "neq"], fc.oneof(words, numbers, fc.boolean())),
  condition("fact", ["in"], fc.array(fc.oneof(words, numbers, fc.boolean()), { minLength: 1, maxLength: 4 })),
  condition("flag", ["is"], fc.constantFrom(true, false, null)),
  condition("word", ["is"], fc.constant(null)),
  condition("tags", ["contains"], fc.array(words, { minLength: 1, maxLength: 2 })),
  condition(
    "doc",
    ["contains"],
    fc.oneof(
      words.map((kind) => ({ kind })),
      fc.constantFrom({ n: 0 }, { n: 1 }),
    ),
  ),
);
const trees = fc.letrec<{ tree: DataWhere }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    conditions,
    fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
    fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
    tie("tree").map((not) => ({ not })),
  ),
})).tree;

describe("where", () => {
  it("finds the rows that JavaScript finds, whatever stands in it", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (where) => {
        const expected = rows.filter((row) => judge(row, where) === true).map(({ id }) => id);
        expect(await listed(where)).toEqual(expected);
        const { groups } = await ada.api.data.aggregate.query({ model, where, measures: { rows: { op: "count" } } });
        expect(groups).toEqual([{ rows: expected.length }]);
      }),
      { numRuns: 200 },
    );
  });

  it("stands beside filters, an order and a cursor", async () => {
    const where: DataWhere = {
      or: [{ column: "num", op: "gt", value: 0 }, { not: { column: "flag", op: "is", value: null } }],
    };
    const filters = [{ column: "id", op: "lt" as const, value: 30 }];
    const order = [{ column: "word", direction: "desc" as const }];
    const seen = new Set<unknown>();
    let cursor: string | null | undefined;
    do {
      const page = await ada.api.data.list.query({
        model,
        where,
        filters,
        order,
        limit: 4,
        ...(cursor ? { cursor } : {}),
      });
      for (const { id } of page.rows) seen.add(id);
      cursor = page.next_cursor;
    } while (cursor !== null);
    const expected = rows.filter((row) => row.id < 30 && judge(row, where) === true).map(({ id }) => id);
    expect(seen).toEqual(new Set(expected));
  });

  it("reads a star in a pattern of filters as a star", async () => {
    const found = async (value: string) => {
      const filters = [{ column: "word", op: "like" as const, value }];
      const { rows } = await ada.api.data.list.query({ model, filters, columns: ["word"], limit: 100 });
      return [...new Set(rows.map(({ word }) => word))];
    };
    expect(await found("*")).toEqual(["*"]);
    expect(await found("a*_")).toEqual(["a*b"]);
  });

  it.each<[string, string, DataWhere]>([
    [
      "where.and.1.not.column",
      "unknown_column",
      { and: [{ column: "id", op: "eq", value: 1 }, { not: { column: "colour", op: "eq", value: 1 } }] },
    ],
    ["where.or.0.op", "type", { or: [{ column: "num", op: "like", value: "1%" }] }],
    ["where.op", "type", { column: "flag", op: "gt", value: true }],
    ["where.op", "type", { column: "tags", op: "eq", value: "x" }],
    ["where.op", "type", { column: "word", op: "contains", value: ["x"] }],
    ["where.value", "type", { column: "tags", op: "contains", value: { a: 1 } }],
    ["where.value", "type", { column: "doc", op: "contains", value: ["a"] }],
    ["where.value", "type", { column: "num", op: "gt", value: "1" }],
    ["where.value", "type", { column: "num", op: "eq", value: 1.5 }],
    ["where.value", "type", { column: "word", op: "is", value: true }],
  ])("names %s and the rule %s before Postgres is asked", async (field, rule, where) => {
    const refused = await refusalOf(ada.api.data.list.query({ model, where }));
    expect(refused).toMatchObject({ operation_id: null, httpStatus: 400, issues: [{ field, rule }] });
    expect(refused.issues?.[0]?.message).toMatch(/^must/);
  });

  it("is bounded in depth and size before any model is looked up", async () => {
    const leaf: DataWhere = { column: "id", op: "eq", value: 1 };
    let deep: DataWhere = leaf;
    for (let level = 1; level < 6; level += 1) deep = { not: deep };
    await ada.api.data.list.query({ model, where: deep });
    const wide = { or: Array.from({ length: 49 }, () => leaf) };
    await ada.api.data.list.query({ model, where: wide });
    for (const where of [{ not: deep }, { or: [...wide.or, leaf] }]) {
      expect(await refusalOf(ada.api.data.list.query({ model, where }))).toMatchObject({ code: "VALIDATION_FAILED" });
    }
  });
});
