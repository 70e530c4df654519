import { setTimeout as sleep } from "node:timers/promises";
import { start, type LocalSupabase } from "@waybill/local-supabase";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newModel } from "../../../testing/new-model.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";
import { createModelLookup } from "../model-lookup.ts";
import { type ModelChangesOptions, openModelChanges, TooManyNamesError } from "./model-changes.ts";

let stack: LocalSupabase;
let sql: Sql;
let stage: Stage;
let admin: Person;
beforeAll(async () => {
  stack = await start({ engine: "native" });
  sql = openSql(stack.dbUrl);
  stage = await openStage({ stack });
  admin = await stage.newAdmin();
}, 60_000);
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
  await stack.stop();
});

const never = 3_600_000;
const patient = { timeout: 10_000, interval: 20 };
const deprecate = (name: string) => sql`update public.data_models set is_active = false where model_name = ${name}`;

/** Changes as another process of this database sees them. */
function opened(options: Partial<ModelChangesOptions> = {}) {
  const { models } = stage.services.waybill;
  const looks: number[] = [];
  const fault: { error: Error | undefined } = { error: undefined };
  const lookup = createModelLookup(models, { staleMs: never });
  const changes = openModelChanges({
    marks: {
      marksOf(names) {
        looks.push(names.length);
        return fault.error === undefined ? models.marksOf(names) : Promise.reject(fault.error);
      },
    },
    lookup,
    listenUrl: undefined,
    log: () => {},
    everyMs: 50,
    ...options,
  });
  return { changes, lookup, looks, fault, [Symbol.asyncDispose]: () => changes[Symbol.asyncDispose]() };
}

it("sees by looking what changed of what is followed, and forgets what was kept of it", async () => {
  const [name, other] = [await newModel(sql, admin), await newModel(sql, admin)];
  await using process = opened();
  const told: string[] = [];
  using _following = process.changes.follow([name, "not_there"], (changed) => told.push(changed));
  await expect.poll(() => told.toSorted(), patient).toEqual([name, "not_there"].toSorted());
  expect((await process.lookup.active(name)).model.is_active).toBe(true);
  await deprecate(other);
  await deprecate(name);
  await expect.poll(() => told, patient).toHaveLength(3);
  await expect(process.lookup.active(name)).rejects.toMatchObject({ waybillCode: "MODEL_INACTIVE" });
  await sql`delete from public.data_models where model_name = ${name}`;
  await expect.poll(() => told, patient).toHaveLength(4);
  expect(told.slice(2)).toEqual([name, name]);
});

it("hears by LISTEN at once, whoever made the change, and forgets also what nobody follows", async () => {
  const [name, other] = [await newModel(sql, admin), await newModel(sql, admin)];
  await using process = opened({ listenUrl: stack.dbUrl, everyMs: never });
  const told: string[] = [];
  using _following = process.changes.follow([name], (changed) => told.push(changed));
  await expect.poll(() => told, patient).toEqual([name]);
  // it listens when a change of another is heard of
  await process.lookup.active(other);
  await expect
    .poll(async () => {
      await sql`update public.data_models set created_by = 'another' where model_name = ${other}`;
      return (await process.lookup.active(other)).model.created_by;
    }, patient)
    .toBe("another");
  await deprecate(name);
  await expect.poll(() => told, patient).toEqual([name, name]);
  await deprecate(other);
  await expect
    .poll(() => process.lookup.current(other), patient)
    .toMatchObject({ model_name: other, is_active: false });
});

it("tells what this process has changed without waiting for its next look", async () => {
  const name = await newModel(sql, admin);
  await using process = opened({ everyMs: never });
  const told: string[] = [];
  using _following = process.changes.follow([name], (changed) => told.push(changed));
  await expect.poll(() => told, patient).toHaveLength(1);
  await deprecate(name);
  process.changes.changed(name);
  await expect.poll(() => told, patient).toHaveLength(2);
});

it("asks nothing while nobody follows, and for many who follow the same once", async () => {
  const name = await newModel(sql, admin);
  await using process = opened();
  await sleep(200);
  expect(process.looks).toEqual([]);
  {
    const told: string[] = [];
    using _one = process.changes.follow([name], () => {});
    using _two = process.changes.follow([name, "not_there"], (changed) => told.push(changed));
    await expect.poll(() => process.looks.length, patient).toBeGreaterThan(3);
    expect(process.looks.at(-1)).toBe(2);
    await deprecate(name);
    await expect.poll(() => told, patient).toContain(name);
  }
  await sleep(200);
  const before = process.looks.length;
  await sleep(300);
  expect(process.looks).toHaveLength(before);
});

it("looks more and more seldom while the database is away, and misses nothing of that time", async () => {
  const name = await newModel(sql, admin);
  await using process = opened();
  const told: string[] = [];
  using _following = process.changes.follow([name], (changed) => told.push(changed));
  await expect.poll(() => told, patient).toHaveLength(1);
  process.fault.error = new Error("gone");
  const before = process.looks.length;
  await deprecate(name);
  await sleep(1_500);
  // 50 ms apart they would be thirty
  expect(process.looks.length - before).toBeLessThan(10);
  for (let call = 0; call < 100; call += 1) process.changes.changed(name);
  expect(process.looks.length - before).toBeLessThan(10);
  process.fault.error = undefined;
  await expect.poll(() => told, patient).toHaveLength(2);
});

it("follows so many names and no more, each once for all who follow it", async () => {
  await using process = opened({ mostNames: 3 });
  {
    using _one = process.changes.follow(["a", "b"], () => {});
    using _two = process.changes.follow(["b", "c"], () => {});
    expect(() => process.changes.follow(["c", "d"], () => {})).toThrow(TooManyNamesError);
    using _same = process.changes.follow(["a", "b", "c"], () => {});
  }
  using _again = process.changes.follow(["d", "e", "f"], () => {});
});
