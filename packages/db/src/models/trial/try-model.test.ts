import { randomUUID } from "node:crypto";
import { type DataModelCreate, dataModelCreateSchema } from "@waybill/contracts";
import { type ScratchDatabase, scratchDatabase } from "@waybill/local-supabase";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { airportsModel, routesModel } from "../testing/airline.ts";
import { type ModelTrial, tryModel } from "../../index.ts";

const author = randomUUID();
const uuid = { type: "string", format: "uuid" } as const;
const text = { type: "string" } as const;

function posts(policies: unknown, more: Record<string, unknown> = {}, columns: object = {}): DataModelCreate {
  const properties = {
    id: { type: "integer", minimum: 1 },
    owner_id: uuid,
    title: text,
    published: { type: "boolean" },
    created_at: { type: "string", format: "date-time", "x-default": "now()" },
    ...columns,
  };
  return dataModelCreateSchema.parse({
    model_name: "posts",
    table_name: "posts",
    schema_version: "1.0.0",
    fields: { type: "object", required: ["id"], properties },
    rls_policies: policies,
    ...more,
  });
}

const policy = (command: string, more: object) => ({ name: command, command, roles: ["authenticated"], ...more });
const mine = "owner_id = (select auth.uid())";
const own = policy("all", { using: mine, check: mine });
const indexed = (index: object) => posts([own], { indexes: [index] });

describe.each(["pglite", "native"] as const)("a model tried on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let scratch: ScratchDatabase;
  beforeAll(async () => {
    scratch = opened.use(await scratchDatabase({ engine }));
  }, 60_000);
  afterAll(() => opened.disposeAsync());

  const trial = (model: DataModelCreate, others: readonly DataModelCreate[] = []): Promise<ModelTrial> =>
    tryModel({ scratch, model, others, author });
  const inShort = (issues: ModelTrial["issues"]) => issues.map(({ field, rule }) => `${field} ${rule}`);

  it.each<[what: string, model: DataModelCreate, field: string, rule: string, message: RegExp]>([
    [
      "a comparison of two types",
      posts([own, policy("select", { using: "title = 5" })]),
      "rls_policies.1.using",
      "42883",
      /operator does not exist/,
    ],
    [
      "a check that is no condition",
      posts([policy("all", { using: "true", check: "title" })]),
      "rls_policies.0.check",
      "42804",
      /type boolean/,
    ],
    [
      "a function of another type",
      posts([policy("select", { using: "lower(id) = 'x'" })]),
      "rls_policies.0.using",
      "42883",
      /function lower\(bigint\)/,
    ],
    [
      "a policy that reads its own table",
      posts([own, policy("select", { using: "exists (select 1 from posts p where p.id = 1)" })]),
      "rls_policies.1",
      "42P17",
      /infinite recursion/,
    ],
    [
      "an index on what changes by itself",
      indexed({ columns: ["title"], where: "extract(year from created_at) > 2000" }),
      "indexes.0.where",
      "42P17",
      /IMMUTABLE/,
    ],
    [
      "an index whose condition is none",
      indexed({ columns: ["title"], where: "title" }),
      "indexes.0.where",
      "42804",
      /boolean/,
    ],
    [
      "a default that its type cannot read",
      posts([own], {}, { net: { type: "string", "x-pg": "inet", default: "no address" } }),
      "fields.properties.net",
      "22P02",
      /inet/,
    ],
  ])("is told of %s in Postgres' words", async (_what, model, field, rule, message) => {
    const { issues } = await trial(model);
    expect(inShort(issues)).toEqual([`${field} ${rule}`]);
    expect(issues[0]).toMatchObject({ layer: "database", message: expect.stringMatching(message) });
  });

  it("is told of every part that is wrong, and of the compiler's reasons before Postgres is asked", async () => {
    const indexes = [{ columns: ["title"], where: "title" }];
    const several = posts([policy("select", { using: "title = 5" }), policy("delete", { using: "id" })], { indexes });
    const halves = posts([policy("all", { using: "title", check: "id" })]);
    expect(inShort((await trial(halves)).issues)).toEqual(["rls_policies.0.using 42804", "rls_policies.0.check 42804"]);
    expect(inShort((await trial(several)).issues)).toEqual([
      "indexes.0.where 42804",
      "rls_policies.0.using 42883",
      "rls_policies.1.using 42804",
    ]);
    const both = posts([policy("select", { using: "title = 5 and pg_sleep(1) is null" })]);
    expect(inShort((await trial(both)).issues)).toEqual(["rls_policies.0.using function"]);
  });

  it("is tried with the tables that it refers to, and leaves none", async () => {
    expect(await trial(routesModel(), [airportsModel()])).toEqual({ issues: [], warnings: [] });
    expect(await trial(airportsModel(), [routesModel()])).toMatchObject({ issues: [] });
    const left = await scratch.query("select relname from pg_class where relname in ('routes', 'airports', 'posts')");
    expect(left).toEqual([]);
  });

  it("may read other models in its policies, which must let the caller read them", async () => {
    const reading = policy("select", {
      using: "exists (select 1 from members m where m.user_id = (select auth.uid()))",
    });
    const members = (rls_policies: unknown) =>
      posts(rls_policies, { model_name: "members", table_name: "members" }, { user_id: uuid });
    expect(await trial(posts([reading]), [members({ preset: "own-rows" })])).toEqual({ issues: [], warnings: [] });
    expect((await trial(posts([reading]), [members(null)])).warnings).toMatchObject([
      {
        field: "rls_policies.0",
        rule: "lockout",
        message: expect.stringMatching(/permission denied for table members/),
      },
    ]);
    const round = policy("select", { using: "exists (select 1 from posts p where p.id = 1)" });
    expect((await trial(posts([reading]), [members([round])])).issues).toMatchObject([{ rule: "42P17" }]);
    // neither can be judged here
    const unknown = posts([policy("select", { using: "public.is_editor() and exists (select 1 from teams)" })]);
    expect(await trial(unknown)).toMatchObject({
      issues: [],
      warnings: [{ field: "rls_policies.0.using", rule: "untried" }],
    });
  });

  describe("of its author is told", () => {
    const insert = policy("insert", { check: "true" });
    const select = policy("select", { using: "true" });

    it.each<[what: string, policies: unknown, field: string, message: RegExp]>([
      ["that it can insert nothing", [policy("insert", { check: "false" }), select], "rls_policies.0", /insert/],
      ["that it never sees its row", [insert, policy("select", { using: "false" })], "rls_policies.1", /see/],
      [
        "that it cannot change its row",
        [insert, select, policy("update", { using: "owner_id <> (select auth.uid())", check: "id < 0" })],
        "rls_policies.2",
        /update/,
      ],
      [
        "that it cannot remove its row",
        [insert, select, policy("delete", { using: "id < 0" })],
        "rls_policies.2",
        /delete/,
      ],
      ["that it is not among those who reach it", [{ ...own, roles: ["anon"] }], "rls_policies", /authenticated/],
    ])("%s", async (_what, policies, field, message) => {
      const { issues, warnings } = await trial(posts(policies));
      expect(issues).toEqual([]);
      expect(warnings).toEqual([{ field, rule: "lockout", message: expect.stringMatching(message) }]);
    });

    it.each<[what: string, model: DataModelCreate]>([
      ["its id is in the row", posts([own])],
      ["the database fills its id in", posts([own], {}, { owner_id: { ...uuid, "x-default": "auth.uid()" } })],
      [
        "its id is a text",
        posts([policy("all", { using: "author = (select auth.uid()::text)" })], {}, { author: text }),
      ],
      ["its tenant is in the row", posts({ preset: "tenant" }, {}, { tenant_id: uuid })],
      ["its row is of its own by a preset", posts({ preset: "own-rows" }, {}, { user_id: uuid })],
      ["it sees what it publishes", posts([own, policy("select", { using: "published" })])],
      ["its rows are drafts", posts([insert, select, policy("update", { using: "title = 'draft'", check: "true" })])],
      ["nobody writes", posts({ preset: "public-read" })],
      ["nothing is changed or removed", posts([insert, select])],
      ["its rights stand in its token", posts([policy("all", { using: "auth.jwt() ->> 'role' = 'editor'" })])],
    ])("nothing where %s", async (_what, model) => {
      expect(await trial(model)).toEqual({ issues: [], warnings: [] });
    });
  });
});
