import type { DataModelCreate } from "@waybill/contracts";
import { scratchDatabase, start } from "@waybill/local-supabase";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { compileModel, ddlOf } from "../compile-model.ts";
import type { ScratchDatabase } from "../migrations/index.ts";
import type { SqlSession } from "../migrations/sql-session.ts";
import { openSession } from "../migrations/testing/open-session.ts";
import { smallModels } from "../testing/small-models.ts";
import { driftOf } from "./drift.ts";
import { importTables } from "./import-tables.ts";
import { everything } from "./testing/everything.ts";
import { handMade } from "./testing/hand-made.ts";

describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let scratch: ScratchDatabase;
  let live: SqlSession;
  let dbUrl: string;
  beforeAll(async () => {
    scratch = opened.use(await scratchDatabase({ engine }));
    dbUrl = engine === "pglite" ? inject("stack").dbUrl : opened.use(await start({ engine, seed: false })).dbUrl;
    live = opened.use(openSession(dbUrl));
  });
  afterAll(() => opened.disposeAsync());

  test("a table that a model was compiled to is imported as one that compiles to the same", async () => {
    await fc.assert(
      fc.asyncProperty(smallModels("imported"), async (models) => {
        const tables = models.map(({ table_name }) => table_name);
        await live.exec(await ddl(models));
        try {
          const imported = await importTables({ dbUrl, tables });
          expect(imported.flatMap(({ notes }) => notes)).toEqual([]);
          const drafts = imported.flatMap(({ draft }) => draft ?? []);
          expect(await driftOf({ dbUrl, scratch, schema: await ddl(drafts), tables })).toEqual([]);
        } finally {
          await live.exec(`drop table ${tables.map((name) => `public.${name}`).join(", ")} cascade`);
        }
      }),
      { numRuns: engine === "native" ? 25 : 6 },
    );
  });

  test("a model with every type that a column may name comes back", async () => {
    const types = ["smallint", "bigint", "real", "numeric", "numeric(6,2)", "double precision"];
    const texts = ["varchar", "varchar(9)", "text", "inet", "interval", "timestamp", "time", "bytea", "timetz", "date"];
    const properties = {
      id: { type: "integer", "x-pg": "integer" },
      // a smallint and a bigint hold whole numbers only
      ...Object.fromEntries(
        types.slice(2).map((type, at) => [`n${at}`, { type: "number", minimum: 0.5, "x-pg": type }]),
      ),
      ...Object.fromEntries(types.map((type, at) => [`i${at}`, { type: "integer", enum: [1, 2], "x-pg": type }])),
      ...Object.fromEntries(texts.map((type, at) => [`t${at}`, { type: "string", "x-pg": type }])),
      short: { type: "string", "x-pg": "varchar(9)", minLength: 2, pattern: "^a", default: "ab" },
      several: { type: ["string", "number", "null"], "x-pg": "jsonb" },
      whatever: { "x-pg": "jsonb" },
      plain: { type: "object", "x-pg": "json", default: { a: [1] } },
      words: { type: "array", "x-pg": "text[]", default: ["a", "b c"] },
      numbers: { type: "array", "x-pg": "integer[]", default: [] },
      one: { const: 7 },
      day: { type: "string", format: "date", enum: ["2026-11-26"], default: "2026-11-26" },
      flag: { type: "boolean", const: true },
    };
    const model: DataModelCreate = {
      model_name: "every_type",
      table_name: "every_type",
      schema_version: "1.0.0",
      fields: { type: "object", required: ["id"], properties },
      relationships: null,
      validation_rules: null,
      indexes: null,
      rls_policies: null,
    };
    await live.exec(await ddl([model]));
    opened.defer(() => live.exec("drop table public.every_type"));
    const [imported] = await importTables({ dbUrl, tables: ["every_type"] });
    expect(imported?.notes).toEqual([]);
    const schema = await ddl(imported?.draft == null ? [] : [imported.draft]);
    expect(await driftOf({ dbUrl, scratch, schema, tables: ["every_type"] })).toEqual([]);
  });

  test("tables that people have made become models with the same columns, keys, indexes and policies", async () => {
    await live.exec(handMade("mine"));
    opened.defer(() => live.exec("drop table public.mine_airports, public.mine_routes"));
    const tables = ["mine_airports", "mine_routes"];
    const imported = await importTables({ dbUrl, tables });
    const drafts = imported.flatMap(({ draft }) => draft ?? []);
    expect(drafts.map(({ model_name }) => model_name)).toEqual(tables);
    const grants =
      "the grants (authenticated: DELETE, INSERT, SELECT, UPDATE; service_role: DELETE, INSERT, SELECT, UPDATE) would become authenticated: DELETE, INSERT, SELECT, UPDATE; service_role: DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE";
    expect(imported.map(({ notes }) => notes)).toEqual([[grants], [grants]]);
    expect(drafts[0]?.fields.properties).toMatchObject({
      iata: { type: "string", pattern: "^[A-Z0-9]{3,4}$" },
      name: { type: "string", minLength: 1 },
      latitude: { type: "number", minimum: -90, maximum: 90 },
      owner_id: { type: "string", format: "uuid", "x-default": "auth.uid()" },
    });
    expect(drafts[1]).toMatchObject({
      fields: { "x-primary-key": ["origin", "destination"], required: ["origin", "destination", "count"] },
      relationships: [
        {
          name: "destination",
          kind: "many-to-one",
          model: "mine_airports",
          columns: ["destination"],
          on_delete: "no action",
        },
        { name: "origin", kind: "many-to-one", model: "mine_airports", columns: ["origin"], on_delete: "no action" },
      ],
      indexes: [{ name: "mine_routes_destination_idx", columns: ["destination"], unique: false, method: "btree" }],
    });
    // what is left are the names of checks, the limits that every model's types have, and grants
    const drift = await driftOf({ dbUrl, scratch, schema: await ddl(drafts), tables });
    for (const line of drift)
      expect(line).toMatch(
        /: the (?:constraint .*(?:_format|_pattern|_range|_minimum|_maximum|_type|_empty|_length|_positive)|grant to)/,
      );
  });

  test("what a model cannot say of a table with everything in it is named, and the draft compiles", async () => {
    await live.exec(everything("laden"));
    opened.defer(() => live.exec("drop table public.laden, public.laden_other, public.laden_seen"));
    const [laden] = await importTables({ dbUrl, tables: ["laden", "laden_other"] });
    expect(laden?.draft).toMatchObject({
      fields: {
        required: ["id", "number", "code", "price", "more", "at"],
        properties: {
          id: { type: "integer" },
          code: { type: "string", default: "abc", "x-pg": "varchar(3)" },
          note: { type: "string" },
          price: {
            type: "number",
            exclusiveMinimum: 0,
            exclusiveMaximum: 1000,
            default: 9.99,
            "x-pg": "numeric(10,2)",
          },
          tags: { type: "array", default: ["a", "b"], "x-pg": "text[]" },
          at: { type: "string", format: "date-time", "x-default": "now()" },
          twice: { type: "number", readOnly: true },
        },
      },
      indexes: [
        { name: "laden_pair", unique: true },
        { name: "laden_at_idx", method: "brin", unique: false },
      ],
      rls_policies: null,
    });
    expect(await ddl(laden?.draft == null ? [] : [laden.draft])).toContain("create table public.laden");
    expect(laden?.notes).toEqual([
      "the column id is an identity, which no model can say: a plan would take its numbers away",
      'the column Name is left out: it is collated by "C", which no model can say; a plan would drop it',
      "the comment of the column note is left out",
      "the column long_note is left out: no model can have the type character(20); a plan would drop it",
      "the column twice is generated, which no model can say: a row that gives it is refused",
      "the check cheap is left out, since no keyword says it: CHECK (((price < (10)::numeric) OR (note IS NOT NULL))) NOT VALID",
      "the default of number is left out: nextval('public.laden_number_seq'::regclass)",
      "the default of day is left out: CURRENT_DATE",
      "the foreign key laden_code_fkey is left out, since no model can say it: FOREIGN KEY (code) REFERENCES public.laden_other(code) ON UPDATE CASCADE ON DELETE SET DEFAULT",
      "the foreign key laden_owner_id_fkey is left out, since auth.users is no model; models refer to tables of public only",
      "the constraint laden_pair becomes a unique index: UNIQUE (code, note) DEFERRABLE INITIALLY DEFERRED",
      "the constraint laden_pair says more than a model can",
      "the index laden_code_idx is left out, since no model can say it: CREATE UNIQUE INDEX laden_code_idx ON public.laden USING btree (code DESC NULLS LAST) WHERE (note <> ''::text)",
      'the index laden_lower_note_idx is left out, since no model can say it: CREATE INDEX laden_lower_note_idx ON public.laden USING btree (lower("Name")) INCLUDE (note)',
      "the index laden_more_idx is left out, since no model can say it: CREATE INDEX laden_more_idx ON public.laden USING gin (more jsonb_path_ops)",
      "the constraint laden_number_excl is left out, since no model can say it: EXCLUDE USING btree (number WITH =)",
      "all 2 policies are left out, since narrow is restrictive, which no model can say: a plan would leave the table to the service role",
      "the primary key laden key would become laden_pkey",
      "row level security is forced on the owner, which no model can say",
      "the comment of the table is left out",
      expect.stringContaining("the grants (anon: SELECT of id; anon: SELECT of note; authenticated:"),
    ]);
  });

  test("checks that people write are read as keywords where they mean the same, and named otherwise", async () => {
    const forms: readonly (readonly [type: string, check: string, keywords: object | null])[] = [
      ["text", "length(c) > 3", { minLength: 4 }],
      ["text", "char_length(c) = 2", { minLength: 2, maxLength: 2 }],
      ["text", "c = 'a' or c = 'b'", { enum: ["a", "b"] }],
      ["text", "c is null or c in ('a', 'b', 'a')", { enum: ["a", "b"] }],
      ["text", "c ~ '^[a-z]+@[a-z]+$'", { pattern: "^[a-z]+@[a-z]+$" }],
      ["text", "c ~ '^\\d+$'", null],
      ["text", "c ~* '^a'", null],
      ["text", "c like 'a%'", null],
      ["text", "lower(c) = c", null],
      ["text", "length(c::char(3)) > 1", null],
      ["text", "c > 'a'", null],
      ["varchar(5)", "c <> ''", { minLength: 1 }],
      ["int", "0 < c", { exclusiveMinimum: 0 }],
      ["int", "c between 1 and 5 and c % 2 = 0", { minimum: 1, maximum: 5, multipleOf: 2 }],
      ["int", "c >= 1 and c >= 3", { minimum: 3 }],
      ["int", "not (c < 1)", null],
      ["int", "c <> 0", null],
      ["int", "c is not null", null],
      ["int", "c + 1 > 2", null],
      ["int", "c > id", null],
      ["numeric", "c > 0.12345678901234567890", null],
      ["numeric(9,4)", "c::int > 5", null],
      ["numeric(9,4)", "c::numeric(9,1) > 5", null],
      ["numeric(9,4)", "c = trunc(c)", {}],
      ["boolean", "c", null],
      ["date", "c > '2020-01-01'", null],
      ["jsonb", "jsonb_typeof(c) = 'array'", {}],
      ["jsonb", "c ? 'a'", null],
    ];
    const columns = forms.map(([type, check], at) => {
      const written = check.replaceAll(/\bc\b/g, `c${at}`);
      return `c${at} ${type} constraint form_${at} check (${written})`;
    });
    await live.exec(`create table public.forms (id int primary key, ${columns.join(", ")})`);
    opened.defer(() => live.exec("drop table public.forms"));
    const [imported] = await importTables({ dbUrl, tables: ["forms"] });
    for (const [at, [, check, keywords]] of forms.entries()) {
      const {
        type: _type,
        "x-pg": _pg,
        format: _format,
        ...found
      } = imported?.draft?.fields.properties[`c${at}`] ?? {};
      expect([check, found]).toEqual([check, keywords ?? {}]);
      const isNoted = imported?.notes.some((note) => note.startsWith(`the check form_${at} is left out`));
      expect([check, isNoted]).toEqual([check, keywords === null]);
    }
    expect(imported?.draft?.fields.properties).toMatchObject({ c23: { type: "integer" }, c26: { type: "array" } });
  });

  test("parts that the compiler refuses are left out one by one, and a draft that cannot be is none", async () => {
    await live.exec(`
      create table public.odd_keyless (note text unique);
      create table public.odd (id int primary key, kind uuid check (kind = '00000000-0000-4000-8000-000000000000'),
        "order" int, "My" int, at timestamptz default '2020-01-01 00:00:00+00', note text references public.odd_keyless (note));
      create index odd_note on public.odd (note) where md5(note) > 'a';
      create policy seen on public.odd for select using (pg_has_role('postgres', 'usage'));
      create policy mine on public.odd for select using (note is not null);
      create table public."Odd" (id int primary key);
      create table public.odd_first (id int primary key, second int not null);
      create table public.odd_second (id int primary key, first int not null references public.odd_first deferrable);
      alter table public.odd_first add foreign key (second) references public.odd_second`);
    opened.defer(() =>
      live.exec('drop table public.odd, public.odd_keyless, public."Odd", public.odd_first, public.odd_second cascade'),
    );
    const tables = ["Odd", "odd", "odd_first", "odd_keyless", "odd_second"];
    const imported = await importTables({ dbUrl, tables });
    expect(imported.map(({ table, draft }) => [table, draft !== null])).toEqual([
      ["Odd", false],
      ["odd", true],
      ["odd_keyless", false],
      ["odd_first", true],
      ["odd_second", true],
    ]);
    const [upper, odd, keyless, first] = imported.map(({ notes }) =>
      notes.filter((note) => !/grants|row level/.test(note)),
    );
    expect(upper).toEqual([expect.stringContaining("no model: table_name must be a plain lower-case identifier")]);
    expect(odd).toEqual([
      expect.stringContaining("the column order is left out: its name must not be the reserved word order"),
      expect.stringContaining("indexes: odd_note is left out: indexes.0.where must not call md5"),
      expect.stringContaining(
        "relationships: note is left out: relationships.0.model must be a model: odd_keyless is none",
      ),
      expect.stringContaining("rls_policies: seen is left out: rls_policies.1.using must not call pg_has_role"),
      expect.stringContaining('enum of kind is left out (["00000000-0000-4000-8000-000000000000"]): must be left out'),
      expect.stringContaining(
        'default of at is left out ("2020-01-01 00:00:00+00"): must be a value that the column takes',
      ),
    ]);
    expect(imported[1]?.draft).toMatchObject({
      fields: { properties: { kind: { type: "string", format: "uuid" }, My: { type: "integer" } } },
      relationships: null,
      indexes: null,
      rls_policies: [{ name: "mine" }],
    });
    expect(first).toEqual([
      expect.stringContaining("does not compile: relationships.0.columns must not require each other"),
    ]);
    expect(keyless).toEqual([expect.stringContaining("no primary key")]);
  });

  // the stack of the other engine is shared with tests that make tables meanwhile
  test.runIf(engine === "native")("without names it is all tables that are nobody's yet", async () => {
    await live.exec(`create table public.free (id int primary key); create view public.free_view as select 1 as id;
      create table public.free_parts (id int primary key) partition by range (id);
      create table public.free_part partition of public.free_parts for values from (1) to (9);
      create table public.free_heir () inherits (public.free)`);
    opened.defer(() =>
      live.exec("drop view public.free_view; drop table public.free_heir, public.free, public.free_parts"),
    );
    const imported = await importTables({ dbUrl });
    const names = imported.map(({ table }) => table);
    expect(names).toContain("free");
    for (const name of names) expect(name).toMatch(/^(?:free$|every_type|mine_|laden|forms|odd|Odd)/);
    const models = imported.flatMap(({ table, draft }) => (table === "free" && draft !== null ? [draft] : []));
    const rest = await importTables({ dbUrl, models });
    expect(rest.map(({ table }) => table)).toEqual(names.filter((name) => name !== "free"));
  });

  test("what is no table that can be imported is refused by its name", async () => {
    await live.exec(`create table public.lone (id int primary key); create view public.lone_view as select 1 as id;
      create table public.lone_parts (id int primary key) partition by range (id);
      create table public.lone_part partition of public.lone_parts for values from (1) to (9);
      create table public.lone_heir () inherits (public.lone)`);
    opened.defer(() =>
      live.exec("drop view public.lone_view; drop table public.lone_heir, public.lone, public.lone_parts"),
    );
    const wrong = ["lone_view", "lone_parts", "lone_part", "lone_heir", "data_models", "nobody", "lone"];
    await expect(importTables({ dbUrl, tables: wrong })).rejects.toMatchObject({
      code: "CHANGE_UNSUPPORTED",
      lines: [
        "public.lone_view is a view",
        "public.lone_parts is partitioned",
        "public.lone_part is a partition",
        "public.lone_heir inherits from another table",
        "public.data_models is a table of Waybill itself",
        "public.nobody is not there",
      ],
    });
    const lone: DataModelCreate = {
      model_name: "Lone",
      table_name: "lone",
      schema_version: "1.0.0",
      fields: { type: "object", required: ["id"], properties: { id: { type: "integer" } } },
      relationships: null,
      validation_rules: null,
      indexes: null,
      rls_policies: null,
    };
    const notesWith = async (model: Partial<DataModelCreate>) =>
      (await importTables({ dbUrl, tables: ["lone"], models: [{ ...lone, ...model }] }))[0]?.notes[0];
    expect(await notesWith({})).toBe("the table is that of the model Lone already");
    expect(await notesWith({ model_name: "lone", table_name: "alone" })).toContain("there is a model lone already");
    const many = Array.from({ length: 101 }, (_, at) => `t${at}`);
    await expect(importTables({ dbUrl, tables: many })).rejects.toMatchObject({
      message: expect.stringContaining("101 tables"),
    });
  });
});

async function ddl(models: readonly DataModelCreate[]): Promise<string> {
  const results = await Promise.all(models.map((model) => compileModel(model, models)));
  return ddlOf(
    results.map((result) => {
      if (!result.ok) throw new Error(JSON.stringify(result.issues));
      return result.compiled;
    }),
  );
}
