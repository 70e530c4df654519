import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { newModel } from "../../testing/new-model.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";
import { createModelLookup } from "./model-lookup.ts";

let sql: Sql;
let stage: Stage;
let admin: Person;
beforeAll(async () => {
  sql = openSql(inject("stack").dbUrl);
  stage = await openStage();
  admin = await stage.newAdmin();
});
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

/** A lookup of its own, as another process has one; what it asks waits for `gate`. */
function lookupOf(staleMs: number) {
  const { models } = stage.services.waybill;
  const asked: string[] = [];
  const state = { gate: Promise.resolve() };
  const lookup = createModelLookup(
    {
      async getByName(name) {
        asked.push(name);
        const [model] = await Promise.all([models.getByName(name), state.gate]);
        return model;
      },
      version: (name, version) => models.version(name, version),
    },
    { staleMs },
  );
  return { lookup, asked, state };
}

it("asks once for many at the same moment, again when it is told to forget, and when its time is over", async () => {
  const name = await newModel(sql, admin);
  const { lookup, asked } = lookupOf(3_600_000);
  await Promise.all(Array.from({ length: 50 }, () => lookup.active(name)));
  await lookup.current(name);
  expect(asked).toHaveLength(1);
  lookup.forget(name);
  await lookup.active(name);
  lookup.forget();
  await lookup.active(name);
  expect(asked).toHaveLength(3);
  const brief = lookupOf(100);
  await brief.lookup.active(name);
  await sleep(150);
  await brief.lookup.active(name);
  expect(brief.asked).toHaveLength(2);
});

it("reads anew, and fails nobody, when a model changes while it is being read", async () => {
  const name = await newModel(sql, admin);
  for (const forget of [name, undefined]) {
    const { lookup, asked, state } = lookupOf(3_600_000);
    const gate = Promise.withResolvers<void>();
    state.gate = gate.promise;
    const reads = [lookup.active(name), lookup.active(name), lookup.current(name)];
    await expect.poll(() => asked).toHaveLength(1);
    lookup.forget(forget);
    state.gate = Promise.resolve();
    gate.resolve();
    expect((await Promise.all(reads)).length).toBe(3);
    expect(asked.length).toBeGreaterThan(1);
  }
  const { lookup, asked, state } = lookupOf(3_600_000);
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  const first = lookup.active(name);
  // more than are kept
  const others = Array.from({ length: 501 }, (_, n) => lookup.current(`no_such_model_${n}`));
  gate.resolve();
  expect((await first).model.model_name).toBe(name);
  expect(await Promise.all(others)).toEqual(others.map(() => null));
  expect(asked.length).toBeGreaterThanOrEqual(502);
  const missing = lookup.active("no_such_model");
  lookup.forget();
  await expect(missing).rejects.toMatchObject({ waybillCode: "UNKNOWN_MODEL" });
});

it("never takes an answer that was asked for too long ago, however long the database took", async () => {
  const name = await newModel(sql, admin);
  const { lookup, asked, state } = lookupOf(200);
  const answered = Promise.withResolvers<void>();
  state.gate = answered.promise;
  const slow = lookup.active(name);
  await expect.poll(() => asked.length).toBe(1);
  // what it asked for has been read by now, and is not given to it yet
  await sleep(100);
  await sql`update public.data_models set is_active = false where model_name = ${name}`;
  await sleep(300);
  const late = lookup.active(name);
  late.catch(() => {});
  answered.resolve();
  expect((await slow).model.is_active).toBe(true);
  await expect(late).rejects.toMatchObject({ waybillCode: "MODEL_INACTIVE" });
  await expect(lookup.active(name)).rejects.toMatchObject({ waybillCode: "MODEL_INACTIVE" });
});

it("tells of a deprecated model what it is, and of none that it is none", async () => {
  const name = await newModel(sql, admin);
  await sql`update public.data_models set is_active = false where model_name = ${name}`;
  const { lookup } = lookupOf(1000);
  expect(await lookup.current(name)).toMatchObject({ model_name: name, is_active: false });
  expect(await lookup.current("nowhere")).toBeNull();
  await expect(lookup.active("nowhere")).rejects.toMatchObject({ waybillCode: "UNKNOWN_MODEL" });
});
