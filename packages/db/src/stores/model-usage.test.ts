import { afterAll, beforeAll, expect, test } from "vitest";
import type { Json } from "../database.types.ts";
import { createUuidV7 } from "../ledger/index.ts";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { createModelStore } from "./models.ts";

const clients = plainClients();
const models = createModelStore(clients.service);
const client_id = `usage-${crypto.randomUUID().slice(0, 8)}/anon`;
const name = `used_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
const start = Date.now() - 600_000;
const at = (ms: number): string => new Date(start + ms).toISOString();
const range = { model_name: name, created_from: at(0), created_before: at(60_000) };
let model_id = "";

interface Used {
  readonly schema_version: string;
  readonly user_id?: string | null;
  readonly query_data: Json;
  readonly operation_type?: string;
  readonly atMs: number;
}

async function store(operations: readonly Used[]): Promise<void> {
  const rows = operations.map(({ atMs, operation_type = "read", user_id = null, ...rest }) => ({
    ...rest,
    user_id,
    operation_id: createUuidV7(() => start + atMs)(),
    client_id,
    model_id,
    operation_type,
    table_name: name,
    status: "success",
    execution_time_ms: 1,
    created_at: at(atMs),
    completed_at: at(atMs + 1),
  }));
  const { error } = await clients.service.from("database_operations").insert(rows);
  if (error !== null) throw error;
}

const asked = (search: Record<string, string>): Json => ({ method: "GET", search });

beforeAll(async () => {
  const url = "https://usage.example.com";
  const key = `v1:k:${"A".repeat(64)}`;
  const row = { client_id, supabase_url: url, supabase_key: key, client_type: "anon" };
  const { error } = await clients.service.from("supabase_clients").insert(row);
  if (error !== null) throw error;
  const properties = { id: { type: "string" }, title: { type: "string" }, old: { type: "string" } };
  const fields = { type: "object", properties, required: ["id"] } as const;
  const declared = { model_name: name, table_name: name, schema_version: "1.0.0", fields };
  ({ model_id } = await models.create(declared, "maker"));
  const { old: _old, ...kept } = properties;
  const changes = {
    schema_version: "2.0.0",
    fields: { ...fields, properties: { ...kept, older: { type: "string" } } },
  };
  await models.update({ model_id }, changes, "maker");
  await store([
    { schema_version: "1.0.0", user_id: "ada", query_data: asked({ select: "id,old", title: "eq.old" }), atMs: 1 },
    { schema_version: "1.0.0", user_id: "ada", query_data: asked({ select: "id", title: "eq.x" }), atMs: 2 },
    { schema_version: "1.0.0", user_id: "bea", query_data: asked({ select: "id", order: "old.asc" }), atMs: 3 },
    {
      schema_version: "2.0.0",
      user_id: "bea",
      query_data: { method: "POST", body: { id: "old", older: "1" } },
      operation_type: "create",
      atMs: 4,
    },
    {
      schema_version: "2.0.0",
      query_data: { method: "POST", body: [{ title: "1" }, {}] },
      operation_type: "create",
      atMs: 5,
    },
    { schema_version: "1.0.0", user_id: "too late", query_data: null, atMs: 60_000 },
  ]);
});
afterAll(async () => {
  await clients.service.from("database_operations").delete().eq("client_id", client_id);
  await clients.service.from("supabase_clients").delete().eq("client_id", client_id);
  await clients[Symbol.asyncDispose]();
});

test("tells by version who used it and which columns, the last used first", async () => {
  const { versions, ...rest } = await models.usage(range);
  expect(rest).toEqual({ records_read: 5, complete: true });
  expect(versions).toMatchObject([
    {
      schema_version: "2.0.0",
      operations: 2,
      writes: 2,
      callers: 1,
      most_active: [{ user_id: "bea", operations: 1 }],
      fields: [
        { name: "id", operations: 1, callers: 1 },
        { name: "older", operations: 1, callers: 1 },
        // by nobody that is known
        { name: "title", operations: 1, callers: 0 },
      ],
    },
    {
      schema_version: "1.0.0",
      operations: 3,
      writes: 0,
      callers: 2,
      most_active: [
        { user_id: "ada", operations: 2 },
        { user_id: "bea", operations: 1 },
      ],
      // a value that reads like a column is none
      fields: [
        { name: "id", operations: 3, callers: 2 },
        { name: "old", operations: 2, callers: 2 },
        { name: "title", operations: 2, callers: 1 },
      ],
    },
  ]);
  expect(Date.parse(versions[1]?.last_used_at ?? "")).toBe(start + 3);
});

test("is empty where nobody used it, and refuses an unknown model and an empty range", async () => {
  const never = { ...range, created_from: at(70_000), created_before: at(80_000) };
  expect(await models.usage(never)).toEqual({ versions: [], records_read: 0, complete: true });
  expect(await rejection(models.usage({ ...range, model_name: "no_such_model" }))).toMatchObject({
    code: "UNKNOWN_MODEL",
  });
  expect(await rejection(models.usage({ ...range, created_before: at(0) }))).toMatchObject({
    code: "VALIDATION_FAILED",
    issues: [{ field: "created_before" }],
  });
});

test("is for the secret key alone", async () => {
  const bounds = { range_from: at(0), range_before: at(1), most_callers: 1, most_read: 1 };
  const { client } = await clients.signUp();
  expect((await client.rpc("model_usage", { id: model_id, ...bounds })).error).not.toBeNull();
});
