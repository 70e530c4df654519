import fc from "fast-check";
import { expect, test } from "vitest";
import { splitStatements } from "./sql-statements.ts";

const texts = (sql: string): string[] => splitStatements(sql).map(({ text }) => text);

test.each([
  ["'a;b'"],
  ["'it''s; one'"],
  [String.raw`E'it\'s; one'`],
  ['"a;""b"'],
  ["$$a;b$$"],
  ["$tag$a;$$;b$tag$"],
  ["1 -- a; b"],
  ["/* a; /* b; */ c; */ 1"],
  ["(1; 2)"],
])("a semicolon inside of %s ends no statement", (inside) => {
  expect(texts(`select ${inside}\n; select 2;`)).toEqual([`select ${inside}`, "select 2"]);
});

test("a function's body of SQL is one statement with it, its cases included", () => {
  const body = "create function f(a int) returns int begin atomic select case when a > 1 then 2 end; select 3; end";
  expect(texts(`${body}; select 4`)).toEqual([body, "select 4"]);
});

test("a command is told by its first words, whatever comment stands before it", () => {
  const sql = "-- first\n/* of all */ Begin;\ncreate  Table a (id int);\n-- the end\ncommit;\n-- nothing more\n;";
  expect(splitStatements(sql).map(({ command }) => command)).toEqual(["begin", "create table", "commit"]);
  expect(texts(sql)[2]).toBe("-- the end\ncommit");
});

test("statements come apart as they were put together", () => {
  const statement = fc.constantFrom(
    "select ';'",
    "do $a$ begin x; end $a$",
    "-- why;\ncreate table a (b int /* ; */)",
    "create function f() begin atomic select 1; end",
    String.raw`select e'\';', "a;"`,
    "create rule r as on insert to a do (select 1; select 2)",
  );
  const separator = fc.constantFrom(";", " ;\n", ";;", ";\n-- nothing; here\n;");
  fc.assert(
    fc.property(fc.array(fc.tuple(statement, separator)), (pairs) => {
      expect(texts(pairs.flat().join(""))).toEqual(pairs.map(([text]) => text));
    }),
  );
});
