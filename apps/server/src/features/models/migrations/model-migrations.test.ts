import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { inferRouterInputs } from "@trpc/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppRouter } from "../../../app-router.ts";
import { refusalOf } from "../../../testing/refusal.ts";
import { type Stack, stackOn } from "../../../testing/stack-on.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

type Definition = inferRouterInputs<AppRouter>["models"]["create"];

const newName = (): string => `mig_${randomBytes(6).toString("hex")}`;
const text = { type: "string", maxLength: 40 } as const;
const owner = { type: "string", format: "uuid", "x-default": "auth.uid()" } as const;

function books(properties: Definition["fields"]["properties"] = { title: text }, more: Partial<Definition> = {}) {
  const name = more.model_name ?? newName();
  const fields = {
    type: "object" as const,
    required: ["id", ...Object.keys(properties)],
    properties: { id: { type: "integer" as const }, user_id: owner, ...properties },
  };
  const common = { schema_version: "1.0.0", rls_policies: { preset: "own-rows" as const } };
  return { ...common, table_name: name, ...more, model_name: name, fields };
}

describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stage: Stage;
  let admin: Person;
  let sql: Sql;
  let stack: Stack;
  beforeAll(async () => {
    stack = await stackOn(engine, opened);
    stage = opened.use(await openStage({ stack }));
    admin = await stage.newAdmin();
    sql = openSql(stack.dbUrl);
    opened.defer(() => sql.end({ timeout: 5 }));
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const declare = (model: Definition) => admin.api.models.create.mutate(model);
  const plan = (...models: string[]) => admin.api.models.plan.mutate({ models, sample_rows: 0 });
  const apply = (fingerprint: string, confirm_destructive = false) =>
    admin.api.models.migrate.mutate({ fingerprint, confirm_destructive });
  const rollback = (fingerprint: string) =>
    admin.api.models.rollback.mutate({ fingerprint, confirm_destructive: true });
  const made = async (model: Definition): Promise<string> => {
    await declare(model);
    const { fingerprint } = await plan(model.model_name);
    await apply(fingerprint);
    return fingerprint;
  };
  const change = (model: Definition, expected_version: string, changes: Partial<Definition>) =>
    admin.api.models.update.mutate({
      model_name: model.model_name,
      expected_version,
      changes: { schema_version: "2.0.0", ...changes },
    });
  const rowsOf = async (model: string) => (await admin.api.data.list.query({ model })).rows;

  it("makes a table that keeps each user's rows apart, changes it, and takes each step back with its data", async () => {
    const model = books();
    await declare(model);
    const first = await plan(model.model_name);
    expect(first).toMatchObject({
      models: [{ model_name: model.model_name, from: null, to: "1.0.0" }],
      loses: { up: [] },
      run_by_hand: null,
      proof: { steps: [{ name: "up" }, { name: "down" }, { name: "up again" }, { name: "down again" }] },
    });
    const applied = await apply(first.fingerprint);
    expect(applied).toMatchObject({ already: false, name: expect.stringContaining("1_0_0"), file_error: null });
    expect(await apply(first.fingerprint)).toEqual({ ...applied, already: true });
    await admin.api.data.create.mutate({ model: model.model_name, row: { id: 1, title: "Mine" } });
    const other = await stage.newUser();
    expect((await other.api.data.list.query({ model: model.model_name })).rows).toEqual([]);

    const changed = books({ pages: { type: "integer", default: 0 } }, { model_name: model.model_name });
    await change(model, "1.0.0", { fields: changed.fields });
    // not applied yet: rows keep to the version that the table has
    expect(await rowsOf(model.model_name)).toMatchObject([{ id: 1, title: "Mine" }]);
    const second = await plan(model.model_name);
    expect(second.loses.up.join()).toContain("title");
    expect(await refusalOf(apply(second.fingerprint))).toMatchObject({
      code: "CONFIRMATION_NEEDED",
      hint: expect.stringContaining("confirm_destructive"),
      issues: [{ field: "plan", message: expect.stringContaining("title") }],
    });
    await apply(second.fingerprint, true);
    expect(await rowsOf(model.model_name)).toEqual([{ id: 1, user_id: admin.userId, pages: 0 }]);
    expect(await admin.api.models.get.query({ model_name: model.model_name })).toMatchObject({
      applied_version: "2.0.0",
      schema_version: "2.0.0",
    });

    await rollback(second.fingerprint);
    expect(await rowsOf(model.model_name)).toEqual([{ id: 1, user_id: admin.userId, title: "Mine" }]);
    await apply(second.fingerprint, true);
    expect(await rowsOf(model.model_name)).toMatchObject([{ pages: 0 }]);
    const { rows } = await admin.api.models.migrations.query({ model_name: model.model_name });
    expect(rows).toMatchObject([
      { fingerprint: second.fingerprint, status: "applied", planned_by: admin.userId, changed_by: admin.userId },
      { fingerprint: first.fingerprint, status: "applied" },
    ]);
  });

  it("takes plans back in the reverse order only, and a purged one not at all", async () => {
    const model = books();
    const first = await made(model);
    await change(model, "1.0.0", { fields: books({}, { model_name: model.model_name }).fields });
    const second = (await plan(model.model_name)).fingerprint;
    await apply(second, true);
    expect(await refusalOf(rollback(first))).toMatchObject({ code: expect.stringMatching(/DRIFTED|NOT_APPLIED/) });
    await admin.api.models.purge.mutate({ fingerprint: second });
    expect(await refusalOf(rollback(second))).toMatchObject({ code: "DROPPED_DATA_PURGED" });
    expect(await refusalOf(apply("0".repeat(64)))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses a table that somebody has changed, and rows that do not fit, and changes nothing then", async () => {
    const model = books();
    await made(model);
    await admin.api.data.create.mutate({ model: model.model_name, row: { id: 1, title: "much too long" } });
    await change(model, "1.0.0", {
      fields: books({ title: { type: "string", maxLength: 4 } }, { model_name: model.model_name }).fields,
    });
    const misfits = { code: "ROWS_DO_NOT_FIT", issues: [{ message: expect.stringContaining("1 rows do not fit") }] };
    expect(await refusalOf(admin.api.models.plan.mutate({ models: [model.model_name] }))).toMatchObject(misfits);
    const { fingerprint } = await plan(model.model_name);
    expect(await refusalOf(apply(fingerprint, true))).toMatchObject(misfits);
    await sql.unsafe(`alter table public.${model.table_name} add column stray int`);
    expect(await refusalOf(apply(fingerprint, true))).toMatchObject({ code: "SCHEMA_DRIFTED" });
    expect(await admin.api.models.get.query({ model_name: model.model_name })).toMatchObject({
      applied_version: "1.0.0",
    });
  });

  it("changes no table whose entry in the registry it cannot make", async () => {
    const model = books();
    await declare(model);
    const { fingerprint } = await plan(model.model_name);
    await sql`update public.data_models set applied_version = '0.9.0' where model_name = ${model.model_name}`;
    expect(await refusalOf(apply(fingerprint))).toMatchObject({ code: "NOT_APPLIED" });
    expect(await sql`select to_regclass(${`public.${model.table_name}`}) as made`).toEqual([{ made: null }]);
    const { rows } = await admin.api.models.migrations.query({ model_name: model.model_name });
    expect(rows).toMatchObject([{ status: "planned", changed_at: null }]);
    await sql`update public.data_models set applied_version = null where model_name = ${model.model_name}`;
  });

  it("lets two who apply the same plan at once make it once", async () => {
    const model = books();
    await declare(model);
    const { fingerprint } = await plan(model.model_name);
    const reports = await Promise.all([apply(fingerprint), apply(fingerprint), apply(fingerprint)]);
    expect(reports.filter(({ already }) => already)).toHaveLength(2);
  });

  // what cannot differ between the engines is tried on the faster one
  if (engine === "pglite") return;

  it("plans two models that need each other, and says so when one of them is left out", async () => {
    const [left, right] = [newName(), newName()];
    const link = { type: "integer" } as const;
    const to = (model: string) => [{ name: "other", kind: "many-to-one" as const, model, columns: ["other_id"] }];
    const optional = (model: Definition): Definition => ({ ...model, fields: { ...model.fields, required: ["id"] } });
    await declare(optional(books({ other_id: link }, { model_name: left })));
    await declare(optional(books({ other_id: link }, { model_name: right, relationships: to(left) })));
    await admin.api.models.update.mutate({
      model_name: left,
      expected_version: "1.0.0",
      changes: { schema_version: "1.1.0", relationships: to(right) },
    });
    expect(await refusalOf(plan(left))).toMatchObject({
      code: "VALIDATION_FAILED",
      issues: [{ field: "models", message: expect.stringContaining(right) }],
    });
    await apply((await plan(left, right)).fingerprint);
    await admin.api.data.create.mutate({ model: left, row: { id: 1 } });
    const dangling = admin.api.data.create.mutate({ model: right, row: { id: 1, other_id: 9 } });
    expect(await refusalOf(dangling)).toMatchObject({ code: "FOREIGN_KEY_VIOLATION" });
    expect(await refusalOf(plan(left))).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ rule: "pending" }] });
  });

  it("keeps a column's values under its new name, and a table's rows", async () => {
    const model = books();
    await made(model);
    await admin.api.data.create.mutate({ model: model.model_name, row: { id: 1, title: "Kept" } });
    const table = newName();
    const { fields } = books({ name: text }, { model_name: model.model_name });
    await change(model, "1.0.0", { fields, table_name: table });
    const renames = [{ model: model.model_name, column: "title", to: "name" }];
    const planned = await admin.api.models.plan.mutate({ models: [model.model_name], renames });
    expect(planned.loses).toEqual({ up: [], down: [] });
    expect(planned.proof.rows).toEqual({ [`public.${model.table_name}`]: 1 });
    await apply(planned.fingerprint);
    expect(await rowsOf(model.model_name)).toMatchObject([{ id: 1, name: "Kept" }]);
    const unknown = admin.api.models.plan.mutate({ models: [model.model_name], renames });
    expect(await refusalOf(unknown)).toMatchObject({ code: "VALIDATION_FAILED" });
  });

  it("leaves a table to the model that has it until its own change is made, and to that model's way back", async () => {
    const model = books();
    const first = await made(model);
    const moved = newName();
    await change(model, "1.0.0", { table_name: moved });
    const other = (): Definition => ({ ...books(), table_name: model.table_name });
    expect(await refusalOf(declare(other()))).toMatchObject({ code: "MODEL_EXISTS" });
    const stranger = books();
    await declare(stranger);
    const taken = change(stranger, "1.0.0", { table_name: model.table_name });
    expect(await refusalOf(taken)).toMatchObject({ code: "MODEL_EXISTS" });

    const second = (await plan(model.model_name)).fingerprint;
    await apply(second);
    await declare(other());
    expect(await refusalOf(rollback(second))).toMatchObject({
      code: "NOT_APPLIED",
      message: expect.stringContaining("another model"),
    });
    expect(await sql`select to_regclass(${`public.${moved}`}) is not null as there`).toEqual([{ there: true }]);
    expect(await refusalOf(rollback(first))).toMatchObject({ code: expect.stringMatching(/DRIFTED|NOT_APPLIED/) });
  });

  it("gives SQL to run by hand where it has no connection to the database, which enters itself in the registry", async () => {
    await using other = await openStage({ stack, env: { SUPABASE_DB_URL: "" } });
    const { models } = (await other.newAdmin()).api;
    const model = books();
    await models.create.mutate(model);
    const { fingerprint, run_by_hand } = await models.plan.mutate({ models: [model.model_name] });
    const refused = await refusalOf(models.migrate.mutate({ fingerprint }));
    expect(refused).toMatchObject({ code: "DATABASE_URL_MISSING", hint: expect.stringContaining("run_by_hand") });
    await sql.unsafe(run_by_hand?.up ?? "");
    const found = await models.get.query({ model_name: model.model_name });
    expect(found).toMatchObject({ applied_version: "1.0.0" });
    await sql.unsafe(run_by_hand?.down ?? "");
    expect(await sql`select to_regclass(${`public.${model.table_name}`}) as made`).toEqual([{ made: null }]);
    await expect(sql.unsafe(run_by_hand?.down ?? "")).rejects.toMatchObject({ code: expect.any(String) });
    await sql.unsafe("rollback");
  });

  it("writes what it has made as a migration with its rollback, and removes both when it is taken back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "waybill-folder-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    await using other = await openStage({ stack, env: { WAYBILL_MIGRATIONS_DIR: folder } });
    const { models } = (await other.newAdmin()).api;
    const model = books();
    await models.create.mutate(model);
    const { fingerprint } = await models.plan.mutate({ models: [model.model_name] });
    const { version, name, files } = await models.migrate.mutate({ fingerprint });
    expect(files).toEqual([
      join(folder, `${version}_${name}.sql`),
      join(folder, "rollbacks", `${version}_${name}.sql`),
    ]);
    expect(await readFile(files[0] ?? "", "utf8")).toContain(`CREATE TABLE "public"."${model.table_name}"`);
    await models.rollback.mutate({ fingerprint, confirm_destructive: true });
    expect(await readdir(folder, { recursive: true })).toEqual(["rollbacks"]);
  });

  it("shows who uses the versions that a breaking change takes away", async () => {
    const model = books();
    await made(model);
    const reader = await stage.newUser();
    await reader.api.data.list.query({ model: model.model_name, columns: ["title"] });
    await stage.services.waybill.flush();
    await change(model, "1.0.0", { fields: books({}, { model_name: model.model_name }).fields });
    const { usage } = await plan(model.model_name);
    expect(usage).toMatchObject([
      {
        model_name: model.model_name,
        versions: [
          {
            schema_version: "1.0.0",
            most_active: [{ user_id: reader.userId }],
            fields: expect.arrayContaining([expect.objectContaining({ name: "title" })]),
          },
        ],
      },
    ]);
  });
});
