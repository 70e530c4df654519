import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anon, service, signUp, type SignedIn } from "./clients.ts";
import { ids, tables, validRows, type TableName } from "./rows.ts";

const denied = "42501";
const keys: Record<TableName, string> = {
  supabase_clients: "client_id",
  authentication_contexts: "session_id",
  data_models: "model_id",
  data_model_versions: "model_id",
  database_operations: "operation_id",
};
const readableSession =
  "session_id, user_id, token_type, expires_at, is_active, created_at, last_activity, ip_address, user_agent, permissions";
const readableOperation =
  "operation_id, client_id, operation_type, table_name, status, error_message, execution_time_ms, created_at, " +
  "completed_at, user_id, request_id, session_id, model_id, schema_version, attempts";

let alice: SignedIn;
let bob: SignedIn;
const stranger = anon();
const admin = service();

const sessionOf = { alice: crypto.randomUUID(), bob: crypto.randomUUID() };
const deprecated = crypto.randomUUID();
const operations = {
  aliceOwnKey: "0193f2a4-7d1e-7c3a-9b0e-000000000001",
  aliceSecretKey: "0193f2a4-7d1e-7c3a-9b0e-000000000002",
  bobOwnKey: "0193f2a4-7d1e-7c3a-9b0e-000000000003",
};

async function give(table: TableName, rows: object[]): Promise<void> {
  const { error } = await admin.from(table).insert(rows);
  if (error !== null) throw new Error(`${table}: ${error.message}`);
}

beforeAll(async () => {
  [alice, bob] = [await signUp(), await signUp()];
  const client = validRows.supabase_clients;
  await give("supabase_clients", [client, { ...client, client_id: "test/service_role", client_type: "service_role" }]);
  const session = validRows.authentication_contexts;
  await give("authentication_contexts", [
    { ...session, session_id: sessionOf.alice, user_id: alice.id },
    { ...session, session_id: sessionOf.bob, user_id: bob.id, token_hash: "b".repeat(64) },
  ]);
  const model = validRows.data_models;
  await give("data_models", [
    model,
    { ...model, model_id: deprecated, model_name: "Old", table_name: "old", is_active: false },
  ]);
  await give("data_model_versions", [validRows.data_model_versions]);
  const operation = { ...validRows.database_operations, query_data: { asked: 1 }, response_data: { secret: 2 } };
  await give("database_operations", [
    { ...operation, operation_id: operations.aliceOwnKey, user_id: alice.id, session_id: sessionOf.alice },
    {
      ...operation,
      operation_id: operations.aliceSecretKey,
      user_id: alice.id,
      client_id: "test/service_role",
      session_id: sessionOf.alice,
    },
    { ...operation, operation_id: operations.bobOwnKey, user_id: bob.id, session_id: sessionOf.bob },
  ]);
});

afterAll(async () => {
  for (const table of tables.toReversed()) await admin.from(table).delete().not(keys[table], "is", null);
});

const actors = [
  { who: "nobody signed in", client: () => stranger },
  { who: "the user it belongs to", client: () => alice.client },
  { who: "another user", client: () => bob.client },
];

/** All that stands in the tables, as service_role sees it. */
async function everything(): Promise<unknown> {
  const all: Record<string, unknown> = {};
  for (const table of tables) {
    const { data, error } = await admin.from(table).select("*").order(keys[table]);
    if (error !== null) throw new Error(error.message);
    all[table] = data;
  }
  return all;
}

describe.each(actors)("$who writes none of Waybill's tables", ({ client }) => {
  test.each(tables)("%s", async (table) => {
    const before = await everything();
    const row: Record<string, unknown> = validRows[table];
    const mine = { ...row, [keys[table]]: table === "supabase_clients" ? "evil/anon" : crypto.randomUUID() };
    const key = keys[table];
    const writes = {
      insert: await client().from(table).insert(mine),
      "insert, answered": await client().from(table).insert(mine).select(key),
      upsert: await client().from(table).upsert(row),
      update: await client().from(table).update(row).not(key, "is", null),
      delete: await client().from(table).delete().not(key, "is", null),
    };
    expect(Object.entries(writes).map(([write, { error }]) => [write, error?.code])).toEqual(
      Object.keys(writes).map((write) => [write, denied]),
    );
    expect(await everything()).toEqual(before);
  });

  test("nor through the functions or the view", async () => {
    const before = await everything();
    const { fields } = validRows.data_models;
    const model = { model_name: "Evil", table_name: "evil", schema_version: "1.0.0", fields, created_by: "evil" };
    const update = {
      id: ids.model,
      expected_version: "1.0.0",
      changes: { schema_version: "9.0.0", changed_by: "evil" },
    };
    const answers = [
      await client().rpc("create_data_model", { model }),
      await client().rpc("update_data_model", update),
      await client().from("own_operations").delete().not("operation_id", "is", null),
      await client().from("own_operations").update({ status: "error" }).not("operation_id", "is", null),
    ];
    for (const { error } of answers) expect(error).not.toBeNull();
    expect(await everything()).toEqual(before);
  });
});

describe("nobody signed in reads nothing", () => {
  test.each([...tables, "own_operations"])("%s", async (table) => {
    expect((await stranger.from(table).select("*")).error?.code).toBe(denied);
    expect((await stranger.from(table).select("created_at")).error?.code).toBe(denied);
  });
});

describe("sessions", () => {
  test("a user reads its own and no other's", async () => {
    const mine = await alice.client.from("authentication_contexts").select(readableSession);
    expect(mine.error).toBeNull();
    expect(mine.data).toMatchObject([{ session_id: sessionOf.alice, user_id: alice.id }]);
    const theirs = await bob.client.from("authentication_contexts").select("session_id").eq("user_id", alice.id);
    expect(theirs).toMatchObject({ error: null, data: [] });
  });

  test.each(["access_token", "refresh_token", "token_hash"])(
    "never %s, neither read nor guessed at",
    async (column) => {
      const table = () => alice.client.from("authentication_contexts");
      const answers = [
        await table().select("*"),
        await table().select(column),
        await table().select("session_id").eq(column, "a".repeat(64)),
        await table().select("session_id").like(column, "v1%"),
        await table().select("session_id").order(column),
        await alice.client.from("database_operations").select(`operation_id, authentication_contexts(${column})`),
      ];
      expect(answers.map(({ error }) => error?.code)).toEqual(answers.map(() => denied));
    },
  );
});

describe("operations", () => {
  const own = () => [operations.aliceOwnKey, operations.aliceSecretKey];

  test("a user reads the records of its own and no other's", async () => {
    const { data, error } = await alice.client
      .from("database_operations")
      .select(readableOperation)
      .order("operation_id");
    expect(error).toBeNull();
    expect(data).toMatchObject(own().map((operation_id) => ({ operation_id, user_id: alice.id })));
    const theirs = await bob.client.from("database_operations").select("operation_id").in("operation_id", own());
    expect(theirs).toMatchObject({ error: null, data: [] });
  });

  test.each(["query_data", "response_data"])("%s is no column of the table for a user", async (column) => {
    const answers = [
      await alice.client.from("database_operations").select(column),
      await alice.client.from("database_operations").select("operation_id").not(column, "is", null),
    ];
    expect(answers.map(({ error }) => error?.code)).toEqual([denied, denied]);
  });

  test("own_operations shows the bodies of its own key's calls, and not those of the secret key's", async () => {
    const { data, error } = await alice.client.from("own_operations").select("*").order("operation_id");
    expect(error).toBeNull();
    expect(data).toMatchObject([
      { operation_id: operations.aliceOwnKey, query_data: { asked: 1 }, response_data: { secret: 2 } },
      { operation_id: operations.aliceSecretKey, query_data: null, response_data: null },
    ]);
    const guess = await alice.client.from("own_operations").select("operation_id").not("response_data", "is", null);
    expect(guess.data).toEqual([{ operation_id: operations.aliceOwnKey }]);
  });

  test("own_operations of another user are other operations", async () => {
    const { data } = await bob.client.from("own_operations").select("operation_id");
    expect(data).toEqual([{ operation_id: operations.bobOwnKey }]);
  });
});

describe("clients, models and their versions", () => {
  test("a user reads no client, whose row holds a key", async () => {
    for (const columns of ["*", "supabase_key", "client_id"]) {
      expect((await alice.client.from("supabase_clients").select(columns)).error?.code).toBe(denied);
    }
  });

  test("a user reads the active models, and no history", async () => {
    const { data, error } = await alice.client.from("data_models").select("*");
    expect(error).toBeNull();
    expect(data).toMatchObject([{ model_id: ids.model, is_active: true }]);
    expect((await alice.client.from("data_model_versions").select("*")).error?.code).toBe(denied);
  });
});

describe("service_role reads and writes all of them", () => {
  test.each(tables)("%s", async (table) => {
    const key = keys[table];
    const read = await admin.from(table).select("*");
    expect(read.error).toBeNull();
    expect(read.data?.length).toBeGreaterThan(0);
    const { error } = await admin.from(table).update({ created_at: validRows[table].created_at }).not(key, "is", null);
    expect(error).toBeNull();
  });
});
