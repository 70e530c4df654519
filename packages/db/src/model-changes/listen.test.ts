import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { start, type LocalSupabase } from "@waybill/local-supabase";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listenToModels, type ModelListenerOptions } from "./listen.ts";

let stack: LocalSupabase;
let sql: postgres.Sql;
beforeAll(async () => {
  stack = await start({ engine: "native" });
  sql = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
}, 60_000);
afterAll(async () => {
  await sql.end();
  await stack.stop();
});

const patient = { timeout: 10_000, interval: 20 };
const brief = { beatMs: 200, backoff: { firstMs: 10, limitMs: 100 } };

function opened(options: Partial<ModelListenerOptions> = {}) {
  const heard: string[] = [];
  const said: string[] = [];
  const state = { begun: 0 };
  const listener = listenToModels({
    dbUrl: stack.dbUrl,
    changed: (name) => heard.push(name),
    listening: () => void (state.begun += 1),
    log: (_level, message) => said.push(message),
    ...brief,
    ...options,
  });
  const begun = (times: number) => expect.poll(() => state.begun, patient).toBeGreaterThanOrEqual(times);
  return { heard, said, state, begun, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

async function newModel(): Promise<string> {
  const name = `heard_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  await sql`insert into public.data_models (model_name, table_name, schema_version, fields, created_by)
    values (${name}, ${name}, '1.0.0', '{"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}', 'maker')`;
  return name;
}
const deprecate = (name: string) => sql`update public.data_models set is_active = false where model_name = ${name}`;
const listening = async (): Promise<number> => {
  const rows = await sql`select pid from pg_stat_activity where query = 'listen waybill_models'`;
  return rows.length;
};

test("hears of every model that is made, changed, named otherwise or removed, and of no more than its name", async () => {
  await using listener = opened();
  await listener.begun(1);
  const name = await newModel();
  await deprecate(name);
  await sql`update public.data_models set model_name = ${`${name}_b`} where model_name = ${name}`;
  await sql`delete from public.data_models where model_name = ${`${name}_b`}`;
  await expect.poll(() => listener.heard, patient).toHaveLength(5);
  expect(listener.heard).toEqual([name, name, name, `${name}_b`, `${name}_b`]);
});

test("listens again when its connection is ended, and says that it may have missed something", async () => {
  await using listener = opened();
  await listener.begun(1);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen waybill_models'`;
  await listener.begun(2);
  const name = await newModel();
  await expect.poll(() => listener.heard, patient).toEqual([name]);
});

test("notices a connection that died without a word", async () => {
  await using wire = await deafWire();
  await using listener = opened({ dbUrl: wire.url });
  await listener.begun(1);
  wire.cut();
  const name = await newModel();
  await listener.begun(2);
  expect(listener.heard).not.toContain(name);
  await deprecate(name);
  await expect.poll(() => listener.heard, patient).toContain(name);
}, 30_000);

test("waits for a database that is not there, tells of it without the password, and leaves nothing open", async () => {
  const url = new URL(stack.dbUrl);
  url.password = "a-wrong-password";
  {
    await using refused = opened({ dbUrl: url.href });
    await using nowhere = opened({ dbUrl: "postgres://postgres:a-secret@127.0.0.1:1/postgres" });
    await expect.poll(() => refused.said.length * nowhere.said.length, patient).toBeGreaterThan(0);
    expect([refused.state.begun, nowhere.state.begun]).toEqual([0, 0]);
    expect([...refused.said, ...nowhere.said].join()).not.toMatch(/a-wrong-password|a-secret/);
    await using listener = opened();
    await listener.begun(1);
    expect(await listening()).toBe(1);
  }
  await expect.poll(listening, patient).toBe(0);
});

/** A way to the database that can stop to pass anything on, without closing. */
async function deafWire() {
  const pairs: [Socket, Socket][] = [];
  const { hostname, port } = new URL(stack.dbUrl);
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.pipe(far);
    far.pipe(near);
    pairs.push([near, far]);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = new URL(stack.dbUrl);
  url.host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return {
    url: url.href,
    cut() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        far.on("data", () => {});
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of pairs.flat()) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
