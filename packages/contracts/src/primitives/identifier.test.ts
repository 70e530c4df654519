import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectIssue } from "../testing/expect-issue.ts";
import {
  columnNameSchema,
  identifierParts,
  identifierSchema,
  modelNameSchema,
  modelTableNameSchema,
  quoteIdentifier,
} from "./identifier.ts";
import { byteLength } from "./text.ts";

const long = "a".repeat(64);

describe("identifierSchema", () => {
  it.each([
    "airports",
    "_a1",
    "auth.users",
    '"My Table"',
    '"a""b"',
    'public."Ünï.cödé"',
    '"A"."b c"',
    'public."user"',
    `"${"é".repeat(31)}"`,
  ])("takes %s", (name) => expect(identifierSchema.parse(name)).toBe(name));

  it.each([
    ["", /must not be empty/],
    ["Airports", /double quotes/],
    ["my table", /double quotes/],
    ["1st", /double quotes/],
    ["a$b", /double quotes/],
    ["a.b.c", /at most one schema/],
    ["a.", /double quotes/],
    [".a", /double quotes/],
    ['"', /double quotes/],
    ['""', /double quotes/],
    ['"a"b"', /double quotes/],
    ['"a"b', /double quotes/],
    ["a; drop table b", /double quotes/],
    ["a--", /double quotes/],
    ["user", /keywords in double quotes/],
    ["time", /keywords in double quotes/],
    ["public.select", /keywords in double quotes/],
    [long, /63 bytes/],
    [`public.${long}`, /63 bytes/],
    [`"${"é".repeat(32)}"`, /63 bytes/],
    ['"a\u0000"', /NUL/],
    ['"\ud800"', /surrogate/],
    [7, /must be a string/],
  ])("refuses %j", (name, message) => expectIssue(identifierSchema, name, "", message));

  it("takes whatever quoteIdentifier makes of a name that Postgres can hold, and reads it back", () => {
    const names = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 15 })
      .filter((name) => !name.includes("\u0000") && byteLength(name) <= 63);
    fc.assert(
      fc.property(names, names, (schema, table) => {
        const text = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
        expect(identifierSchema.safeParse(text).success).toBe(true);
        expect(identifierParts(text)).toEqual([schema, table]);
      }),
    );
  });
});

describe("quoteIdentifier", () => {
  it.each([
    ["airports", "airports"],
    ["user", '"user"'],
    ["between", '"between"'],
    ["name", "name"],
    ["a$b", '"a$b"'],
    ["é", '"é"'],
    ["A", '"A"'],
    ['a"b', '"a""b"'],
  ])("writes %s as Postgres' quote_ident does: %s", (name, quoted) => expect(quoteIdentifier(name)).toBe(quoted));
});

describe("modelTableNameSchema", () => {
  it.each(["airports", "_private", "t1", "time", "a".repeat(63)])("takes %s", (name) => {
    expect(modelTableNameSchema.parse(name)).toBe(name);
  });

  it.each([
    ["", /empty/],
    ["Airports", /plain lower-case/],
    ['"airports"', /plain lower-case/],
    ["public.airports", /no schema/],
    ["1st", /plain lower-case/],
    ["a".repeat(64), /63 characters/],
    ["select", /reserved word select/],
    ["user", /reserved word user/],
    ["auth", /a schema of Supabase/],
    ["information_schema", /a schema of Supabase/],
    ["pg_stat", /begin with pg_/],
    ["database_operations", /table of Waybill/],
    ["data_model_versions", /table of Waybill/],
    ["constructor", /JavaScript objects/],
  ])("refuses %s", (name, message) => expectIssue(modelTableNameSchema, name, "", message));
});

describe("columnNameSchema", () => {
  it("refuses system columns, prototype names and what needs quotes", () => {
    for (const name of ["iata", "createdAt", "time", "position", "count"])
      expect(columnNameSchema.parse(name)).toBe(name);
    expectIssue(columnNameSchema, "ctid", "", /system column/);
    expectIssue(columnNameSchema, "__proto__", "", /JavaScript objects/);
    for (const name of ["my col", "a,b", "a->b", "a.b", "a:b", "count()", "é", "1a"]) {
      expectIssue(columnNameSchema, name, "", /plain identifier/);
    }
    expectIssue(columnNameSchema, "on_conflict", "", /parameter of the Data API/);
    expectIssue(columnNameSchema, "columns", "", /parameter of the Data API/);
    expectIssue(columnNameSchema, "order", "", /reserved word/);
  });
});

it.each([columnNameSchema, modelTableNameSchema, modelNameSchema])("a name is text: case %#", (schema) => {
  expectIssue(schema, 7, "", /must be a string/);
});

describe("modelNameSchema", () => {
  it("takes an identifier in any case and nothing else", () => {
    expect(modelNameSchema.parse("Airport_2")).toBe("Airport_2");
    expectIssue(modelNameSchema, "my model", "", /must be an identifier/);
    expectIssue(modelNameSchema, "a".repeat(64), "", /63 characters/);
    expectIssue(modelNameSchema, "__proto__", "", /JavaScript objects/);
  });
});
