import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { createClient } from "@supabase/supabase-js";
import { openTransport } from "../client/index.ts";
import type { Database } from "../database.types.ts";
import { createUuidV7 } from "../ledger/index.ts";
import { plainClients } from "../testing/plain-clients.ts";
import { untrackedFetch } from "../untracked-fetch.ts";
import { createWaybill } from "../waybill.ts";
import type { Waybill } from "../waybill-types.ts";
import { createOperationStore, type OperationPage } from "./operations.ts";

const plain = plainClients();
const instance = `reading-${crypto.randomUUID().slice(0, 8)}`;
const client_id = `${instance}/anon`;
const hour = 3_600_000;
const start = Date.parse("2026-03-01T12:00:00Z");
const at = (ms: number): string => new Date(start + ms).toISOString();
const idAt = (ms: number): string => createUuidV7(() => start + ms)();

let waybill: Waybill;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "waybill-operations-"));
  waybill = createWaybill({ ...inject("stack"), journalDir: directory, instance });
  await vi.waitUntil(() => waybill.ready(), { timeout: 20_000 });
});
afterAll(async () => {
  await waybill.close();
  await plain.service
    .from("database_operations")
    .delete()
    .in("client_id", [client_id, `${instance}/service_role`]);
  await plain[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

type Insert = Database["public"]["Tables"]["database_operations"]["Insert"];

/** Writes records as if they had come through the journal; gives their ids. */
async function store(rows: readonly Partial<Insert>[]): Promise<string[]> {
  const whole = rows.map((row) => ({
    operation_id: idAt(0),
    client_id,
    operation_type: "read",
    table_name: "airports",
    status: "success",
    error_message: null,
    execution_time_ms: 5,
    created_at: at(0),
    completed_at: at(10 * hour),
    attempts: 1,
    user_id: null,
    request_id: null,
    schema_version: null,
    ...row,
  }));
  const { error } = await plain.service.from("database_operations").insert(whole);
  if (error !== null) throw error;
  return whole.map((row) => row.operation_id);
}

const newRequest = () => `read-${crypto.randomUUID()}`;

describe("a time range", () => {
  const request_id = newRequest();
  const range = { created_from: at(-1000), created_before: at(1000) };
  let ids: string[];

  beforeAll(async () => {
    ids = await store(
      [
        { operation_id: idAt(0), created_at: at(0) },
        { operation_id: idAt(59_000), created_at: at(-1000) },
        // a clock that was set back an hour while the ids went on counting, one set ahead, and an id of another kind
        { operation_id: idAt(hour), created_at: at(1) },
        { operation_id: idAt(-hour), created_at: at(999) },
        { operation_id: crypto.randomUUID(), created_at: at(500) },
        // outside of the range, though their ids are not
        { operation_id: idAt(1), created_at: at(1000) },
        { operation_id: idAt(2), created_at: at(hour) },
      ].map((row) => ({ ...row, request_id })),
    );
  });

  test("holds every record of it, also those whose id tells another time, and no other", async () => {
    const { rows, next_cursor } = await waybill.operations.list({ request_id, ...range });
    expect(rows.map((row) => row.operation_id)).toEqual(ids.slice(0, 5).toSorted().toReversed());
    expect(next_cursor).toBeNull();
  });

  test("is paged through in one order, whichever list a record stands in", async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await waybill.operations.list({ request_id, ...range, limit: 2, ...(cursor ? { cursor } : {}) });
      seen.push(...page.rows.map((row) => row.operation_id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids.slice(0, 5).toSorted().toReversed());
  });

  test("is the same under a user's own rights", async () => {
    const user = await plain.signUp();
    const own = newRequest();
    await store([
      { operation_id: idAt(0), created_at: at(0), user_id: user.id, request_id: own },
      { operation_id: idAt(hour), created_at: at(1), user_id: user.id, request_id: own },
      { operation_id: idAt(hour), created_at: at(2), user_id: "somebody-else", request_id: own },
    ]);
    const caller = waybill.forUser(user.accessToken);
    expect((await waybill.operations.list({ request_id: own, ...range }, caller)).rows).toHaveLength(2);
    expect((await waybill.operations.list({ request_id: own, ...range })).rows).toHaveLength(3);
    const { error } = await user.client.from("operations_out_of_step").select("operation_id").limit(1);
    expect(error).not.toBeNull();
  });

  test("reaches to both ends of time", async () => {
    const { rows } = await waybill.operations.list({
      request_id,
      created_from: "0001-01-01T00:00:00Z",
      created_before: "9999-12-31T23:59:59Z",
    });
    expect(rows).toHaveLength(ids.length);
  });
});

test("a user's own list has the bodies of the calls that its own key made, of a long page too", async () => {
  const user = await plain.signUp();
  const request_id = newRequest();
  const made = { request_id, user_id: user.id, query_data: { a: 1 }, response_data: { b: 2 } };
  const rows = Array.from({ length: 150 }, (_, ms) => ({ ...made, operation_id: idAt(ms) }));
  const secret = { ...made, operation_id: idAt(200), client_id: `${instance}/service_role` };
  const foreign = { ...made, operation_id: idAt(201), user_id: crypto.randomUUID() };
  const ids = await store([...rows, secret, foreign]);
  const { rows: found } = await createOperationStore(plain.service).list({ request_id, limit: 200 }, user.client);
  expect(found.map((row) => row.operation_id)).toEqual(ids.slice(0, 151).toReversed());
  const [first, ...others] = found.map(({ query_data, response_data }) => ({ query_data, response_data }));
  expect(first).toEqual({ query_data: null, response_data: null });
  expect(others).toEqual(others.map(() => ({ query_data: { a: 1 }, response_data: { b: 2 } })));
});

describe("other ranges and texts", () => {
  const request_id = newRequest();
  const messages = [
    "HTTP 500: *boom* (100%)",
    "HTTP 500: boom 100x",
    String.raw`C:\temp_dir`,
    "C:/tempXdir",
    "Größe ÄÖ",
  ];

  beforeAll(async () => {
    await store([
      ...messages.map((error_message, index) => ({
        status: "error",
        error_message,
        operation_id: idAt(index),
        execution_time_ms: 10 * (index + 1),
        attempts: index,
        request_id,
        schema_version: index < 2 ? "1.0.0" : "1.0.1",
      })),
      { request_id, operation_id: idAt(9) },
    ]);
  });
  const found = async (filter: object) =>
    (await waybill.operations.list({ request_id, ...filter })).rows.map((row) => row.error_message);

  test.each([
    ["*BOOM* (100%)", [0]],
    ["boom", [1, 0]],
    ["100_", []],
    ["100.", []],
    [String.raw`\temp_`, [2]],
    ["temp_dir", [2]],
    ["größe", [4]],
    ["a,b)", []],
  ] as const)("error_text %s is taken literally, in upper or lower case", async (error_text, hits) => {
    expect(await found({ error_text })).toEqual(hits.map((hit) => messages[hit]));
  });

  test("latency, attempts and version", async () => {
    expect(await found({ min_execution_time_ms: 20, max_execution_time_ms: 30 })).toEqual([messages[2], messages[1]]);
    expect(await found({ min_attempts: 3 })).toEqual([messages[4], messages[3]]);
    expect(await found({ schema_version: "1.0.0" })).toEqual([messages[1], messages[0]]);
    await expect(found({ min_execution_time_ms: 30, max_execution_time_ms: 20 })).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      issues: [{ field: "max_execution_time_ms" }],
    });
  });
});

describe("one record", () => {
  test("comes with what else its request did, in the order of time and without bodies", async () => {
    const request_id = newRequest();
    const ids = await store([0, 1, 2].map((n) => ({ operation_id: idAt(n), request_id })));
    await store([{ operation_id: idAt(1), request_id: newRequest() }]);
    const { siblings, more_siblings } = await waybill.operations.get(ids[1] ?? "");
    expect(siblings.map((row) => row.operation_id)).toEqual([ids[0], ids[2]]);
    expect(siblings[0]).not.toHaveProperty("query_data");
    expect(more_siblings).toBe(false);
  });

  test("of a request that did very much comes with the nearest fifty", async () => {
    const request_id = newRequest();
    const ids = await store(Array.from({ length: 70 }, (_, n) => ({ operation_id: idAt(n), request_id })));
    const shown = async (index: number) => {
      const { siblings, more_siblings } = await waybill.operations.get(ids[index] ?? "");
      expect(more_siblings).toBe(true);
      return siblings.map((row) => ids.indexOf(row.operation_id));
    };
    const around = await shown(35);
    expect([around.length, around[0], around.at(-1)]).toEqual([50, 10, 60]);
    const first = await shown(0);
    expect([first.length, first[0], first.at(-1)]).toEqual([50, 1, 50]);
    const late = await shown(60);
    expect([late.length, late[0], late.at(-1)]).toEqual([50, 19, 69]);
  });

  test("without a request id has no siblings", async () => {
    const [id = ""] = await store([{ operation_id: idAt(0) }, { operation_id: idAt(1) }]);
    expect(await waybill.operations.get(id)).toMatchObject({ siblings: [], more_siblings: false });
  });
});

describe("a list of all time", () => {
  const request_id = newRequest();
  const day = 24 * hour;
  // now: the list begins at the clock's day
  const nowMs = Date.now() - start;
  const asked: URL[] = [];
  const { url, secretKey, ca } = inject("stack");
  const transport = openTransport({ url, ca });
  const send = untrackedFetch(transport, 20_000);
  const fetch: typeof globalThis.fetch = async (input, init) => {
    asked.push(new URL(input instanceof Request ? input.url : input));
    return await send(input, init);
  };
  const options = { global: { fetch }, db: { retry: false }, auth: { persistSession: false, autoRefreshToken: false } };
  const watched = createOperationStore(createClient<Database>(url, secretKey, options));
  let ids: string[];

  beforeAll(async () => {
    const times = [nowMs + day, nowMs - 1000, nowMs - 2000, nowMs - 3000, nowMs - 30 * hour, 0, -400 * day];
    ids = await store(
      times.map((ms) => ({
        request_id,
        operation_id: idAt(ms),
        created_at: at(ms),
        completed_at: at(ms + 1),
      })),
    );
  });

  afterAll(() => transport.close());

  test("is read by the day, and by nothing else while that fills the page", async () => {
    asked.length = 0;
    const first = await watched.list({ request_id, limit: 2 });
    const next = await watched.list({ request_id, limit: 1, cursor: first.next_cursor ?? "" });
    expect([...first.rows, ...next.rows].map((row) => row.operation_id)).toEqual(ids.slice(0, 3));
    expect(asked).toHaveLength(2);
    for (const { searchParams } of asked) expect(searchParams.getAll("operation_id").join()).toMatch(/gte\./);
  });

  test("goes on with what is older, and leaves none out", async () => {
    expect((await watched.list({ request_id })).rows.map((row) => row.operation_id)).toEqual(ids);
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page: OperationPage = await watched.list({
        request_id,
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      paged.push(...page.rows.map((row) => row.operation_id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(paged).toEqual(ids);
  });
});
