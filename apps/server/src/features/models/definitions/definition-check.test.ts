import { randomBytes } from "node:crypto";
import type { inferRouterInputs } from "@trpc/server";
import { dataModelCreateSchema } from "@waybill/contracts";
import { MigrationError } from "@waybill/db";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppRouter } from "../../../app-router.ts";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { stackOn } from "../../../testing/stack-on.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";
import { ApiError } from "../../../trpc/api-error.ts";
import { createDefinitionCheck } from "./definition-check.ts";

type Definition = inferRouterInputs<AppRouter>["models"]["create"];
type Policies = Extract<NonNullable<Definition["rls_policies"]>, readonly unknown[]>;

const newName = (): string => `chk_${randomBytes(6).toString("hex")}`;
const owned = "owner_id = (select auth.uid())";
const ownRows: Policies[number] = { name: "own", command: "all", roles: ["authenticated"], using: owned, check: owned };
const own: Policies = [ownRows];

function posts(more: Partial<Definition> = {}, columns: Definition["fields"]["properties"] = {}): Definition {
  const name = newName();
  const properties = {
    id: { type: "integer" },
    owner_id: { type: "string", format: "uuid" },
    title: { type: "string" },
    made: { type: "string", format: "date-time" },
    ...columns,
  };
  const fields = { type: "object" as const, required: ["id"], properties };
  return { model_name: name, table_name: name, schema_version: "1.0.0", fields, rls_policies: own, ...more };
}

/** The parts that Postgres alone can find fault with, and what it says. */
const faulty: Partial<Definition> = {
  indexes: [{ columns: ["title"], where: "extract(year from made) > 2000" }],
  rls_policies: [
    ...own,
    { name: "read", command: "select", roles: ["anon"], using: "title = 5" },
    { name: "write", command: "update", roles: ["anon"], using: "true", check: "id" },
  ],
};
const faults = [
  { field: "indexes.0.where", rule: "42P17", layer: "database", message: expect.stringContaining("IMMUTABLE") },
  { field: "rls_policies.1.using", rule: "42883", message: expect.stringContaining("text = integer") },
  { field: "rls_policies.2.check", rule: "42804", message: expect.stringContaining("boolean") },
];

describe.each(["pglite", "native"] as const)("a definition on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stage: Stage;
  let admin: Person;
  let sql: Sql;
  beforeAll(async () => {
    const stack = await stackOn(engine, opened);
    stage = opened.use(await openStage({ stack }));
    admin = await stage.newAdmin();
    sql = openSql(stack.dbUrl);
    opened.defer(() => sql.end({ timeout: 5 }));
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const create = (model: Definition) => admin.api.models.create.mutate(model);
  const check = (model: Definition) => admin.api.models.check.mutate(model);
  const drop = async ({ table_name }: Definition): Promise<void> => {
    await sql.unsafe(`drop table if exists public.${table_name}`);
  };
  const isStored = async ({ model_name }: Definition) =>
    (await admin.api.models.list.query({ model_name })).rows.length === 1;

  it("is refused with each part that Postgres refuses, before it is stored", async () => {
    const model = posts(faulty);
    expect(await refusalOf(create(model))).toMatchObject({
      code: "VALIDATION_FAILED",
      httpStatus: 400,
      issues: faults,
    });
    expect(await isStored(model)).toBe(false);
    const { model_name } = await create(posts());
    const changes = { ...faulty, schema_version: "2.0.0" };
    const update = admin.api.models.update.mutate({ model_name, expected_version: "1.0.0", changes });
    expect(await refusalOf(update)).toMatchObject({ issues: faults });
    expect(await admin.api.models.get.query({ model_name })).toMatchObject({ schema_version: "1.0.0" });
  });

  it("is told by models.check and models.plan what its author could not do", async () => {
    const model = posts({
      rls_policies: [
        { name: "add", command: "insert", roles: ["authenticated"], check: "true" },
        { name: "see", command: "select", roles: ["authenticated"], using: "owner_id <> (select auth.uid())" },
        { name: "drop", command: "delete", roles: ["authenticated"], using: "title = 'never' and title = 'this'" },
      ],
    });
    const warning = { field: "rls_policies.2", rule: "lockout", message: expect.stringContaining("delete") };
    expect(await check(model)).toEqual({ issues: [], warnings: [warning] });
    expect(await isStored(model)).toBe(false);
    await create(model);
    const { warnings } = await admin.api.models.plan.mutate({ models: [model.model_name], sample_rows: 0 });
    expect(warnings).toEqual([{ ...warning, field: `${model.model_name}.rls_policies.2` }]);
    expect(await check(posts())).toEqual({ issues: [], warnings: [] });
  });

  // what cannot differ between the engines is tried on the faster one
  if (engine === "pglite") return;

  it("is refused where no table can be made of it, unless there is one", async () => {
    const model = posts({ indexes: [{ columns: ["title"], method: "gin" }] }, { anything: {} });
    const reasons = [{ field: "fields.properties.anything.type" }, { field: "indexes.0.method" }];
    expect(await refusalOf(create(model))).toMatchObject({ code: "VALIDATION_FAILED", issues: reasons });
    expect(await check(model)).toMatchObject({ issues: reasons, warnings: [] });

    await sql.unsafe(`create table public.${model.table_name} (id int primary key, anything jsonb)`);
    opened.defer(() => drop(model));
    expect(await check(model)).toMatchObject({ issues: [], warnings: reasons });
    // what is no SQL is none for any table
    const rls_policies = [{ ...ownRows, using: "pg_sleep(9) is null" }];
    expect(await refusalOf(create({ ...model, rls_policies }))).toMatchObject({
      issues: [{ field: "rls_policies.0.using", rule: "function" }],
    });
    expect(await create(model)).toMatchObject({ model_name: model.model_name });
  });

  it("must always do for a table that a plan has made", async () => {
    const model = posts();
    await create(model);
    const { fingerprint } = await admin.api.models.plan.mutate({ models: [model.model_name], sample_rows: 0 });
    await admin.api.models.migrate.mutate({ fingerprint });
    opened.defer(() => drop(model));
    const fields = { ...model.fields, properties: { ...model.fields.properties, anything: {} } };
    const update = admin.api.models.update.mutate({
      model_name: model.model_name,
      expected_version: "1.0.0",
      changes: { schema_version: "1.1.0", fields },
    });
    expect(await refusalOf(update)).toMatchObject({ issues: [{ field: "fields.properties.anything.type" }] });
  });

  it("may read in a policy the table of a model that no relationship ties it to, and be planned so", async () => {
    const members = posts({ rls_policies: { preset: "own-rows" } }, { user_id: { type: "string", format: "uuid" } });
    await create(members);
    const { fingerprint } = await admin.api.models.plan.mutate({ models: [members.model_name], sample_rows: 0 });
    await admin.api.models.migrate.mutate({ fingerprint });
    opened.defer(() => drop(members));
    const using = `exists (select 1 from ${members.table_name} m where m.user_id = (select auth.uid()))`;
    const model = posts({ rls_policies: [{ name: "read", command: "select", roles: ["authenticated"], using }] });
    expect(await check(model)).toEqual({ issues: [], warnings: [] });
    await create(model);
    const planned = await admin.api.models.plan.mutate({ models: [model.model_name], sample_rows: 0 });
    expect(planned).toMatchObject({ warnings: [], loses: { up: [] } });
  });

  it("that a plan alone could refuse names its part there", async () => {
    const model = posts({ rls_policies: [{ name: "r", command: "select", roles: ["anon"], using: "title = 'x'" }] });
    await create(model);
    const policies = JSON.stringify([{ name: "r", command: "select", roles: ["anon"], using: "title = 5" }]);
    await sql.unsafe(`update data_models set rls_policies = '${policies}' where model_name = '${model.model_name}'`);
    const plan = admin.api.models.plan.mutate({ models: [model.model_name], sample_rows: 0 });
    expect(await refusalOf(plan)).toMatchObject({
      code: "VALIDATION_FAILED",
      issues: [{ field: `${model.model_name}.rls_policies.0.using`, rule: "42883" }],
    });
  });
});

describe("where no scratch database is to be had", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const busy = () => Promise.reject(new ApiError({ code: "SCRATCH_BUSY" }));
  it.each<[what: string, use: () => Promise<never>]>([
    ["it cannot be started", busy],
    ["it takes too long", () => new Promise<never>(() => {})],
    ["its own deadline passes", () => Promise.reject(new MigrationError("MIGRATION_TIMEOUT", "late", "wait"))],
  ])("because %s, a definition is taken, and that it was not tried is said", async (_what, use) => {
    let log = "";
    const logger = pino({ level: "debug" }, { write: (line: string) => void (log += line) });
    const { waybill } = stage.services;
    const definitions = createDefinitionCheck({ waybill, scratch: { use }, logger, trialMs: 50 });
    const parsed = dataModelCreateSchema.parse(posts(faulty));
    await definitions.refuseFaults(parsed);
    expect(log).toContain(parsed.model_name);
    expect(await definitions.check(parsed, "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e")).toEqual({
      issues: [],
      warnings: [{ field: "", rule: "untried", message: expect.stringContaining("models.plan") }],
    });
    // the compiler needs no database
    const wrong = { ...parsed, rls_policies: [{ ...ownRows, using: "x y" }] };
    await expect(definitions.refuseFaults(wrong)).rejects.toMatchObject({ waybillCode: "VALIDATION_FAILED" });
  });
});
