import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, expect, inject, test } from "vitest";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { createModelMarks } from "./model-marks.ts";
import { createModelStore } from "./models.ts";

const clients = plainClients();
const sql = postgres(inject("stack").dbUrl, { max: 1, onnotice: () => {} });
afterAll(async () => {
  await sql.end();
  await clients[Symbol.asyncDispose]();
});
const models = createModelStore(clients.service);
const store = createModelMarks(clients.service);

async function newModel() {
  const name = `mark_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const fields = { type: "object", properties: { id: { type: "string" } }, required: ["id"] } as const;
  return models.create({ model_name: name, table_name: name, schema_version: "1.0.0", fields }, "maker");
}

test("a mark is another one after every change, and gone with its model; those of others stay", async () => {
  const [{ model_name: name }, other] = [await newModel(), await newModel()];
  const names = [name, other.model_name, "nowhere"];
  const marks: ReadonlyMap<string, string>[] = [await store.marksOf(names)];
  const see = async (change: () => Promise<unknown>): Promise<void> => {
    await change();
    marks.push(await store.marksOf(names));
  };
  await see(() => models.deprecate({ model_name: name }));
  await see(() => models.reactivate({ model_name: name }));
  const indexes = [{ name: `${name}_id`, columns: ["id"], unique: false, method: "btree" as const }];
  await see(() => models.update({ model_name: name }, { schema_version: "1.0.1", indexes }, "maker"));
  // a column that says nothing to a form, by somebody who is not Waybill
  await see(() => sql`update public.data_models set created_by = 'another' where model_name = ${name}`);
  expect(new Set(marks.map((found) => found.get(name))).size).toBe(5);
  await see(() => sql`delete from public.data_models where model_name = ${name}`);
  expect(marks.map((found) => found.has(name))).toEqual([true, true, true, true, true, false]);
  expect(new Set(marks.map((found) => found.get(other.model_name))).size).toBe(1);
  expect(marks.some((found) => found.has("nowhere"))).toBe(false);
  expect((await store.marksOf([])).size).toBe(0);
});

test("is for the secret key alone, and a refusal is one of the store's", async () => {
  const { client } = await clients.signUp();
  expect(await rejection(createModelMarks(client).marksOf(["airports"]))).toMatchObject({ code: "RLS_DENIED" });
});

test("models are read by many names at once, and a caller sees the active ones", async () => {
  const [first, second] = [await newModel(), await newModel()];
  const deprecated = await models.deprecate({ model_name: second.model_name });
  const names = [first.model_name, second.model_name, "nowhere"];
  const byName = (a: { model_name: string }, b: { model_name: string }) => (a.model_name < b.model_name ? -1 : 1);
  expect((await models.ofNames(names)).toSorted(byName)).toEqual([first, deprecated].toSorted(byName));
  const { client } = await clients.signUp();
  expect(await models.ofNames(names, client)).toEqual([first]);
});
