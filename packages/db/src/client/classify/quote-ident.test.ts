import { postgresQuotedWords, postgresReservedWords } from "@waybill/contracts";
import fc from "fast-check";
import postgres from "postgres";
import { afterAll, expect, inject, it } from "vitest";
import { qualifiedName, quoteIdent } from "./quote-ident.ts";

const sql = postgres(inject("stack").dbUrl, { max: 1, onnotice: () => {} });
afterAll(() => sql.end());

it("writes a name as Postgres itself does", async () => {
  const names = [
    ...fc.sample(fc.string({ unit: "grapheme", minLength: 1, maxLength: 70 }), { numRuns: 200, seed: 1 }),
    "airports",
    "Airports",
    "my table",
    'a"b',
    "user",
    "order",
    "_x",
    "1a",
    "é",
    "a$b",
    "a".repeat(70),
    "é".repeat(40),
  ].map((name) => name.replaceAll("\0", "") || "x");
  const rows =
    await sql`select quote_ident(name::name::text) as quoted from unnest(${names}::text[]) with ordinality as t(name, place) order by place`;
  expect(names.map(quoteIdent)).toEqual(rows.map((row) => row["quoted"]));
});

it("knows every keyword that this Postgres quotes", async () => {
  const rows = await sql`select word from pg_get_keywords() where catcode <> 'U'`;
  const known = new Set([...postgresReservedWords, ...postgresQuotedWords]);
  expect(rows.map((row) => String(row["word"])).filter((word) => !known.has(word))).toEqual([]);
});

it("replaces what no name can hold", () => {
  expect(quoteIdent("")).toBe('"?"');
  expect(quoteIdent("a\0b")).toBe('"a\uFFFDb"');
  expect(quoteIdent("\uD800")).toBe('"\uFFFD"');
});

it("leaves schema public out", () => {
  expect(qualifiedName("public", "a")).toBe("a");
  expect(qualifiedName(undefined, "a")).toBe("a");
  expect(qualifiedName("My Schema", "order")).toBe('"My Schema"."order"');
});
