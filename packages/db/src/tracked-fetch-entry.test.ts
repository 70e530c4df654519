import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { countingProxy } from "./client/testing/counting-proxy.ts";
import { json, stubUpstream } from "./client/testing/stub-upstream.ts";
import { trackedFetch } from "./tracked-fetch-entry.ts";

const stack = inject("stack");
const sql = postgres(stack.dbUrl, { max: 1 });
afterAll(() => sql.end());

let journalDir: string;
let instance: string;
beforeEach(() => {
  journalDir = mkdtempSync(join(tmpdir(), "waybill-entry-"));
  instance = `entry-${crypto.randomUUID().slice(0, 8)}`;
});
afterEach(async () => {
  await sql`delete from supabase_clients where client_id like ${`${instance}/%`}`;
  rmSync(journalDir, { recursive: true, force: true });
});

/** An application as it was before Waybill. What it sees is compared with what it would see without. */
async function existingScript(supabase: SupabaseClient, admin: SupabaseClient): Promise<unknown[]> {
  const seen: unknown[] = [];
  const email = `${crypto.randomUUID()}@example.com`;
  const note = ({ error, status }: { error: unknown; status?: number }, data?: unknown) =>
    seen.push([error === null ? null : String(Object(error).message), status, data]);
  note(await supabase.auth.signUp({ email, password: "Correct-horse-1" }));
  note(await supabase.auth.signInWithPassword({ email, password: "wrong-one" }));
  note(await supabase.auth.getUser());
  const rows = await supabase.from("airports").select("*").limit(3);
  note(rows, rows.data);
  note(await supabase.from("airports").select("*", { count: "exact", head: true }));
  note(await supabase.from("no_such_table").select());
  note(await supabase.from("airports").insert({ no_such_column: 1 }));
  note(await supabase.from("airports").delete().eq("iata", "ZZZ"));
  note(await supabase.rpc("no_such_function", { password: "hidden-argument" }));
  note(await supabase.from("airports").select().abortSignal(AbortSignal.abort()));
  const bucket = `b${crypto.randomUUID().slice(0, 8)}`;
  note(await admin.storage.createBucket(bucket, { public: false }));
  note(await admin.storage.from(bucket).upload("a/b.txt", new Blob(["hello"], { type: "text/plain" })));
  const file = await admin.storage.from(bucket).download("a/b.txt");
  note(file, await file.data?.text());
  note(await admin.storage.from(bucket).createSignedUrl("a/b.txt", 60));
  note(await admin.storage.from(bucket).remove(["a/b.txt"]));
  note(await admin.auth.admin.listUsers());
  note(await supabase.functions.invoke("no-such-function", { body: { a: 1 } }));
  note(await supabase.auth.signOut());
  return seen;
}

const scriptWith = async (url: string, fetch: typeof globalThis.fetch): Promise<unknown[]> => {
  const options = { global: { fetch }, auth: { persistSession: false, autoRefreshToken: false } };
  return await existingScript(
    createClient(url, stack.publishableKey, options),
    createClient(url, stack.secretKey, options),
  );
};

describe("an existing supabase-js script", () => {
  it("works unchanged, and every request has exactly one record", async () => {
    await using proxy = await countingProxy(stack);
    const plain = await scriptWith(proxy.url, globalThis.fetch);
    proxy.passed.length = 0;

    const fetch = trackedFetch({ ...stack, url: proxy.url, journalDir, instance, allowHttpLoopback: true });
    const tracked = await scriptWith(proxy.url, fetch);
    const flushed = await fetch.flush();
    const records = await sql`
      select * from database_operations where client_id like ${`${instance}/%`} order by operation_id`;
    await fetch.close();

    expect(tracked).toEqual(plain);
    expect(flushed).toMatchObject({ flushed: true });
    const aborted = records.filter((record) => record["error_message"] === "Cancelled by the caller.");
    expect(aborted.length).toBe(1);
    const sent = records.filter((record) => !aborted.includes(record));
    const ids = sent.map((record) => String(record["request_id"]));
    expect(ids.toSorted((a, b) => a.localeCompare(b))).toEqual(
      proxy.passed.map(({ requestId }) => String(requestId)).toSorted((a, b) => a.localeCompare(b)),
    );
    for (const { requestId, status } of proxy.passed) {
      const record = sent.find((one) => one["request_id"] === requestId);
      expect([requestId, record?.["status"]]).toEqual([requestId, status < 300 ? "success" : "error"]);
    }
    const text = JSON.stringify(records);
    for (const secret of [
      "Correct-horse-1",
      "wrong-one",
      "hidden-argument",
      "token=",
      stack.secretKey,
      stack.publishableKey,
      "eyJ",
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  it("is recorded under the key that it used, and its rows follow its life", async () => {
    const fetch = trackedFetch({ url: stack.url, secretKey: stack.secretKey, ca: stack.ca, journalDir, instance });
    await createClient(stack.url, stack.publishableKey, { global: { fetch } }).storage.listBuckets();
    await createClient(stack.url, stack.secretKey, { global: { fetch } }).from("airports").select().limit(1);
    await fetch.flush();
    const rows = () => sql`select client_id, connection_status, is_active, last_used is not null as used
      from supabase_clients where client_id like ${`${instance}/%`} order by client_id`;
    expect((await rows()).map((row) => [row["client_id"], row["is_active"]])).toEqual([
      [`${instance}/anon`, true],
      [`${instance}/service_role`, true],
    ]);
    await fetch.close();
    expect((await rows()).map((row) => [row["connection_status"], row["used"]])).toEqual([
      ["disconnected", true],
      ["disconnected", true],
    ]);
    const records =
      await sql`select client_id from database_operations where client_id like ${`${instance}/%`} order by 1`;
    expect(records.map((record) => record["client_id"])).toEqual([`${instance}/anon`, `${instance}/service_role`]);
  });

  it("keeps its records in the journal while Supabase is away", async () => {
    await using away = trackedFetch({ url: "https://127.0.0.1:9", secretKey: stack.secretKey, journalDir, instance });
    const { error } = await createClient("https://127.0.0.1:9", stack.secretKey, { global: { fetch: away } })
      .from("airports")
      .insert({});
    expect(error?.message).toContain("fetch failed");
    expect(await away.flush(50)).toMatchObject({ flushed: false });
  });
});

describe("closing", () => {
  it("ends what is under way and records it, takes nothing more, and may be said twice", async () => {
    const arrived = Promise.withResolvers<void>();
    await using hanging = await stubUpstream();
    hanging.answer = (request, response) => {
      if (request.url?.includes("/rest/v1/slow")) arrived.resolve();
      else response.end("[]");
    };
    const { secretKey } = stack;
    const fetch = trackedFetch({ url: hanging.url, secretKey, journalDir, instance, allowHttpLoopback: true });
    const headers = { apikey: secretKey };
    const call = fetch(`${hanging.url}/rest/v1/slow`, { method: "POST", headers });
    const ended = call.catch(String);
    await arrived.promise;
    const closed = Promise.all([fetch.close(), fetch.close()]);
    expect(await ended).toContain("fetch failed");
    await expect(fetch(`${hanging.url}/rest/v1/late`, { headers })).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    await closed;
    await expect(fetch(`${hanging.url}/rest/v1/later`, { headers })).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    expect(hanging.arrived.some(({ url }) => url.includes("late"))).toBe(false);
    const rows = readdirSync(journalDir, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".rows"),
    );
    const text = rows.map((name) => readFileSync(join(journalDir, name), "utf8")).join("");
    expect(text).toMatch(/"table_name":"slow".*"status":"error"/);
  });

  it("opens no client for a key that is seen only afterwards", async () => {
    await using upstream = await stubUpstream(json(200, [{ client_id: "x" }]));
    const logged: unknown[] = [];
    const { secretKey, publishableKey } = stack;
    const log = (...said: unknown[]) => void logged.push(said);
    const fetch = trackedFetch({ url: upstream.url, secretKey, journalDir, instance, allowHttpLoopback: true, log });
    await fetch.close();
    const late = fetch(`${upstream.url}/rest/v1/late`, { headers: { apikey: publishableKey } });
    await expect(late).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    await new Promise((tick) => setTimeout(tick, 100));
    expect(JSON.stringify(logged)).not.toContain(`${instance}/anon`);
  });
});

it("a client's row follows what its calls meet", async () => {
  await using upstream = await stubUpstream();
  let isDown = false;
  const written: unknown[] = [];
  upstream.answer = (request, ...rest) => {
    const { method, url, body } = request;
    const isRow = url.includes("/supabase_clients?") && !url.includes("limit=1");
    if (isRow && method !== "GET") written.push(JSON.parse(body.toString("utf8")));
    const rows = method === "GET" ? [] : [{ client_id: "x" }];
    const outage = json(503, { code: "PGRST001", message: "no database" });
    (isDown && !isRow ? outage : json(200, rows))(request, ...rest);
  };
  const { secretKey } = stack;
  await using fetch = trackedFetch({ url: upstream.url, secretKey, journalDir, instance, allowHttpLoopback: true });
  const isWritten = (row: object) =>
    expect.poll(() => written.at(-1), { timeout: 20_000 }).toMatchObject({ ...row, is_active: true });
  await isWritten({ connection_status: "connected", error_count: 0 });
  isDown = true;
  await fetch(`${upstream.url}/rest/v1/x`, { method: "POST", headers: { apikey: secretKey } });
  await isWritten({ connection_status: "error", error_count: 1 });
  isDown = false;
  await isWritten({ connection_status: "connected", error_count: 0, retry_count: 0 });
});

describe("options", () => {
  const good = { url: "https://x.supabase.co", secretKey: "sb_secret_abcdefghijklmnopqrstuv" };
  it.each([
    ["url", { url: "http://x.supabase.co" }, /Option url must be an https:\/\/ URL/],
    ["url", { url: "http://127.0.0.1:1" }, /WAYBILL_ALLOW_HTTP_LOOPBACK/],
    ["secretKey", { secretKey: "nonsense" }, /Option secretKey/],
    ["secretKey", { secretKey: "sb_publishable_abcdefghijklmnopqrstuv" }, /must be a secret key/],
    ["publishableKey", { publishableKey: "sb_secret_abcdefghijklmnopqrstuv" }, /must be a publishable key/],
    ["instance", { instance: "a/b" }, /Option instance/],
    ["redact", { redact: ["users."] }, /Option redact .*"users\."/],
    ["operationTimeoutMs", { operationTimeoutMs: 3_000_000_000 }, /Option operationTimeoutMs must be a whole number/],
    ["captureBytes", { captureBytes: -1 }, /Option captureBytes must be a whole number/],
  ])("%s is checked, and nothing is opened", (_name, wrong, message) => {
    const cannot = () => trackedFetch({ ...good, journalDir, ...wrong });
    expect(cannot).toThrow(message);
    expect(cannot).toThrow(expect.objectContaining({ code: "ENVIRONMENT_INVALID" }));
    expect(readdirSync(journalDir)).toEqual([]);
  });
});
