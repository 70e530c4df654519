import { createHash, randomBytes } from "node:crypto";
import postgres from "postgres";
import { afterAll, afterEach, expect, inject, test } from "vitest";
import { encryptSecret, keyPlace, makeEncryptionKey, parseEncryptionKeys } from "../secrets.ts";
import { createSessionRefreshStore } from "../stores/session-refresh.ts";
import { createSessionStore } from "../stores/sessions.ts";
import { plainClients } from "../testing/plain-clients.ts";
import { openJobCalls, RESEALED_A_STEP } from "./job-calls.ts";
import { reseal, type ResealCalls } from "./reseal.ts";

const [older, newer, lost] = ["reseal_1", "reseal-2", "reseal3"].map(makeEncryptionKey);
const before = parseEncryptionKeys(`${older}`);
const both = parseEncryptionKeys(`${newer},${older}`);
const after = parseEncryptionKeys(`${newer}`);

const clients = plainClients();
const { service } = clients;
const calls = openJobCalls(inject("stack"));
const sql = postgres(inject("stack").dbUrl, { max: 1, onnotice: () => undefined });
const userId = `reseal ${crypto.randomUUID()}`;
const clientId = `reseal-test-${randomBytes(4).toString("hex")}/anon`;

afterEach(async () => {
  await sql`delete from authentication_contexts where user_id = ${userId}`;
  await sql`delete from supabase_clients where client_id = ${clientId}`;
});
afterAll(async () => {
  await calls.close();
  await sql.end({ timeout: 5 });
  await clients[Symbol.asyncDispose]();
});

const storeOf = (keys: typeof before) => createSessionStore({ service, untracked: service, keys });
const refreshes = createSessionRefreshStore({ service, untracked: service, keys: before });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

async function login(keys: typeof before, refresh_token: string) {
  const hash = createHash("sha256").update(randomBytes(32)).digest("hex");
  const session = await storeOf(keys).create(
    {
      user_id: userId,
      access_token: `${part({ alg: "HS256" })}.${part({ sub: refresh_token })}.c2ln`,
      refresh_token,
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    },
    hash,
  );
  return { session, hash };
}

async function keysInUse(): Promise<Record<string, number>> {
  const rows = await sql<{ key: string; rows: number }[]>`
    select split_part(access_token, ':', 2) || ' ' || split_part(refresh_token, ':', 2) as key, count(*)::int as rows
    from authentication_contexts where user_id = ${userId} group by 1`;
  return Object.fromEntries(rows.map(({ key, rows: count }) => [key, count]));
}

test("all sessions and clients come under the current key, page after page, and the old one can go", async () => {
  const logins = await Promise.all(Array.from({ length: 120 }, (_, at) => login(before, `token ${at}`)));
  const supabase_key = encryptSecret(before, "sb_publishable_reseal_test", keyPlace(clientId));
  await sql`insert into supabase_clients ${sql({ client_id: clientId, supabase_url: "https://example.supabase.co", supabase_key, client_type: "anon" })}`;
  const done = await reseal(calls, both, () => true);
  expect(done).toMatchObject({ sessions: 120, clients: 1 });
  expect(await keysInUse()).toEqual({ "reseal-2 reseal-2": 120 });
  const found = await Promise.all(logins.map(({ hash }) => storeOf(after).findByTokenHash(hash)));
  expect(found.map((open) => open?.tokens.refresh_token)).toEqual(logins.map((_, at) => `token ${at}`));
  const [client] = await sql`select supabase_key from supabase_clients where client_id = ${clientId}`;
  expect(client?.["supabase_key"]).toMatch(/^v1:reseal-2:/);
  expect(await reseal(calls, both, () => true)).toMatchObject({ sessions: 0, clients: 0 });
});

test("a row that no key opens is left, counted, and keeps nothing else from its turn", async () => {
  await login(parseEncryptionKeys(`${lost}`), "lost");
  const { hash } = await login(before, "kept");
  const done = await reseal(calls, both, () => true);
  expect(done.sessions).toBe(1);
  // other tests of this stack have rows of their own keys
  expect(done.unreadable).toBeGreaterThanOrEqual(1);
  expect(await keysInUse()).toEqual({ "reseal-2 reseal-2": 1, "reseal3 reseal3": 1 });
  expect((await storeOf(after).findByTokenHash(hash))?.tokens.refresh_token).toBe("kept");
});

test("a refresh that comes between reading and writing keeps its tokens", async () => {
  const { session, hash } = await login(before, "old");
  const refreshing: ResealCalls = {
    ...calls,
    async resealSessions(changes) {
      const turn = await refreshes.leaseRefresh(session, 60_000);
      if (turn.kind !== "leased") throw new Error(`it is ${turn.kind}`);
      await refreshes.storeRefreshed(session, turn.lease, {
        access_token: `${part({ alg: "HS256" })}.${part({ sub: "new" })}.c2ln`,
        refresh_token: "new",
        expires_at: new Date(Date.now() + 7_200_000).toISOString(),
      });
      return calls.resealSessions(changes);
    },
  };
  expect((await reseal(refreshing, both, () => true)).sessions).toBe(0);
  expect((await storeOf(before).findByTokenHash(hash))?.tokens.refresh_token).toBe("new");
  // its turn comes with the next look
  expect((await reseal(calls, both, () => true)).sessions).toBe(1);
  expect((await storeOf(after).findByTokenHash(hash))?.tokens.refresh_token).toBe("new");
});

test("a key id that begins like another one's is another one", async () => {
  const long = parseEncryptionKeys(makeEncryptionKey("reseal-22"));
  const { session } = await login(long, "x");
  const ids = (await calls.sessionsSealedOtherwise("reseal-2", null)).map(({ session_id }) => session_id);
  expect(ids).toContain(session.session_id);
});

test("nothing is touched once the lease is gone", async () => {
  await login(before, "x");
  expect(await reseal(calls, both, () => false)).toEqual({ sessions: 0, clients: 0, unreadable: 0 });
  expect(await keysInUse()).toEqual({ "reseal_1 reseal_1": 1 });
});

test("nobody but the secret key may read or write them", async () => {
  const others = openJobCalls({ ...inject("stack"), secretKey: inject("stack").publishableKey });
  const refused = expect.objectContaining({ code: "RLS_DENIED" });
  await expect(others.sessionsSealedOtherwise("k", null)).rejects.toEqual(refused);
  await expect(others.clientsSealedOtherwise("k", null)).rejects.toEqual(refused);
  await expect(others.resealSessions([])).rejects.toEqual(refused);
  await expect(others.resealClients([])).rejects.toEqual(refused);
  await others.close();
});

test("goes on behind a page of secrets that no key opens", async () => {
  const supabase_key = encryptSecret(parseEncryptionKeys(`${lost}`), "sb_publishable_x", keyPlace("x"));
  const rows = Array.from({ length: RESEALED_A_STEP + 1 }, (_, at) => ({
    client_id: `c${1000 + at}/anon`,
    supabase_key,
  }));
  const asked: (string | null)[] = [];
  const full: ResealCalls = {
    ...calls,
    sessionsSealedOtherwise: async () => [],
    clientsSealedOtherwise: async (_, from) => {
      asked.push(from);
      return rows.filter(({ client_id }) => from === null || client_id > from).slice(0, RESEALED_A_STEP);
    },
  };
  const done = await reseal(full, both, () => asked.length < 5);
  expect(done).toEqual({ sessions: 0, clients: 0, unreadable: rows.length });
  expect(asked).toEqual([null, rows[RESEALED_A_STEP - 1]?.client_id]);
});
