import { scratchDatabase, start } from "@waybill/local-supabase";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { compileModel, ddlOf } from "../compile-model.ts";
import type { ScratchDatabase } from "../migrations/index.ts";
import type { SqlSession } from "../migrations/sql-session.ts";
import { openSession } from "../migrations/testing/open-session.ts";
import { driftOf } from "./drift.ts";

describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let scratch: ScratchDatabase;
  let live: SqlSession;
  let dbUrl: string;
  beforeAll(async () => {
    scratch = opened.use(await scratchDatabase({ engine }));
    dbUrl = engine === "pglite" ? inject("stack").dbUrl : opened.use(await start({ engine, seed: false })).dbUrl;
    live = opened.use(openSession(dbUrl));
    opened.defer(() => live.exec("drop table if exists public.drifting, public.drifting_away"));
  });
  afterAll(() => opened.disposeAsync());

  test("each kind of drift is one line of words, and a table that is as its model says has none", async () => {
    const schema = await drifting();
    await live.exec(schema);
    const drift = () => driftOf({ dbUrl, scratch, schema, tables: ["drifting"] });
    expect(await drift()).toEqual([]);
    for (const [change, undo, ...lines] of [
      [
        "alter table drifting add column more int",
        "alter table drifting drop column more",
        "public.drifting: the column more is there and in no model: integer",
      ],
      [
        "alter table drifting alter note type varchar(9)",
        "alter table drifting alter note type text",
        "public.drifting: the column note is character varying(9); the model says text",
        `public.drifting: the constraint drifting_note_max_length is CHECK ((char_length((note)::text) <= 80)); the model says CHECK ((char_length(note) <= 80))`,
      ],
      [
        "alter table drifting alter note set default 'x', alter note set not null",
        "alter table drifting alter note drop default, alter note drop not null",
        "public.drifting: the column note is text not null default 'x'::text; the model says text",
      ],
      [
        'alter policy "own rows: select" on drifting to anon, authenticated using (true)',
        'alter policy "own rows: select" on drifting to authenticated using (user_id = (select auth.uid()))',
        'public.drifting: the policy "own rows: select" is for select to anon,authenticated using true; the model says for select to authenticated using (user_id = ( SELECT auth.uid() AS uid))',
      ],
      [
        "create policy narrow on drifting as restrictive for insert with check (true)",
        "drop policy narrow on drifting",
        "public.drifting: the policy narrow is there and in no model: restrictive, for insert to public with check true",
      ],
      [
        "alter table drifting disable row level security",
        "alter table drifting enable row level security",
        "public.drifting: the table is with row level security off; the model says with row level security on",
      ],
      [
        "drop index drifting_note_key",
        "create unique index drifting_note_key on drifting (note)",
        "public.drifting: the index drifting_note_key is missing; the model says unique USING btree (note)",
      ],
      [
        "alter table drifting drop constraint drifting_note_max_length",
        "alter table drifting add constraint drifting_note_max_length check (char_length(note) <= 80)",
        "public.drifting: the constraint drifting_note_max_length is missing; the model says CHECK ((char_length(note) <= 80))",
      ],
      [
        "grant select on drifting to public; grant select (note) on drifting to anon; revoke insert, delete on drifting from authenticated",
        "revoke all on drifting from public; revoke all (note) on drifting from anon; grant insert, delete on drifting to authenticated",
        "public.drifting: the grant on note to anon is there and in no model: SELECT",
        "public.drifting: the grant to authenticated is SELECT,UPDATE; the model says DELETE,INSERT,SELECT,UPDATE",
        "public.drifting: the grant to public is there and in no model: SELECT",
      ],
      [
        `comment on table drifting is 'two
        lines'; comment on column drifting.note is '${"long ".repeat(100)}'`,
        "comment on table drifting is null; comment on column drifting.note is null",
        "public.drifting: the comment is there and in no model: two lines",
        `public.drifting: the comment of note is there and in no model: ${"long ".repeat(100)}`.slice(0, 399) + "…",
      ],
      [
        "alter table drifting rename to drifting_away",
        "alter table drifting_away rename to drifting",
        "public.drifting: the table is not there",
      ],
    ] as const) {
      await live.exec(change);
      expect([change, await drift()]).toEqual([change, lines]);
      await live.exec(undo);
    }
    expect(await drift()).toEqual([]);
  });
});

async function drifting(): Promise<string> {
  const result = await compileModel(
    {
      model_name: "drifting",
      table_name: "drifting",
      schema_version: "1.0.0",
      fields: {
        type: "object",
        required: ["id", "user_id"],
        properties: {
          id: { type: "string", format: "uuid", "x-default": "gen_random_uuid()" },
          user_id: { type: "string", format: "uuid", "x-default": "auth.uid()" },
          note: { type: "string", maxLength: 80 },
        },
      },
      relationships: null,
      validation_rules: null,
      indexes: [{ columns: ["note"], unique: true, method: "btree" }],
      rls_policies: { preset: "own-rows" },
    },
    [],
  );
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return ddlOf([result.compiled]);
}
