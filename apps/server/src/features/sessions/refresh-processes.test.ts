import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTRPCClient, httpLink } from "@trpc/client";
import { makeEncryptionKey } from "@waybill/db";
import { afterAll, beforeAll, beforeEach, expect, inject, it } from "vitest";
import type { AppRouter } from "../../app-router.ts";
import { openBehind } from "../../testing/behind.ts";
import { isRefresh, leaveSeconds } from "../../testing/expiry.ts";
import { forkServer, type ServerProcess } from "../../testing/server-process.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { credentials, projectEnv } from "../../testing/stage.ts";

const stack = inject("stack");
let sql: Sql;
let behind: Awaited<ReturnType<typeof openBehind>>;
let directory: string;
let settings: Record<string, string>;
/** Refreshes that reached Supabase Auth, and what its answer waits for once it has rotated the token. */
let refreshes = 0;
let hold: ((nth: number) => Promise<void> | undefined) | undefined;

beforeAll(async () => {
  sql = openSql(stack.dbUrl);
  behind = await openBehind(
    stack,
    ({ url }) => {
      if (isRefresh(url)) refreshes += 1;
      return undefined;
    },
    ({ url }) => (isRefresh(url) ? hold?.(refreshes) : undefined),
  );
  directory = await mkdtemp(join(tmpdir(), "waybill-refresh-"));
  const project = await projectEnv(directory, { ...stack, url: behind.url });
  settings = { ...project, WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_ENCRYPTION_KEY: makeEncryptionKey() };
});
afterAll(async () => {
  await sql.end();
  await behind[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});
beforeEach(() => {
  [refreshes, hold] = [0, undefined];
});

const fork = (name: string, more: Record<string, string> = {}): ServerProcess =>
  forkServer({ ...settings, WAYBILL_DATA_DIR: join(directory, name), WAYBILL_INSTANCE: `refresh-${name}`, ...more });

const client = (url: string, bearer?: string) => {
  const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  return createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc`, headers })] });
};

/** Signs somebody up and in by this server, and takes the session to its expiry. */
async function expired(url: string): Promise<{ userId: string; token: string }> {
  const [email, password] = credentials();
  await client(url).sessions.signUp.mutate({ email, password });
  const { session, session_token = "" } = await client(url).sessions.login.mutate({ email, password });
  await leaveSeconds(sql, session.user_id, -60);
  return { userId: session.user_id, token: session_token };
}

it("two servers on one database refresh once for 1,000 calls at the same moment, and none of them fails", async () => {
  await using one = fork("one");
  await using two = fork("two");
  const [{ url: first }, { url: second }] = await Promise.all([one.ready, two.ready]);
  const { userId, token } = await expired(first);
  const apis = [client(first, token), client(second, token)] as const;
  const calls = Array.from({ length: 1000 }, async (_, n) => {
    const api = apis[n % 2 === 0 ? 0 : 1];
    if (n % 50 < 2) await api.operations.list.query({ limit: 1 });
    return (await api.sessions.me.query()).user_id;
  });
  expect(new Set(await Promise.all(calls))).toEqual(new Set([userId]));
  expect(refreshes).toBe(1);
});

it("a server killed between Auth's rotation and the row's write costs nobody the session", async () => {
  // the deadline of a refresh, and with it the lease that the killed one leaves behind
  const brief = { WAYBILL_OPERATION_TIMEOUT_MS: "3000" };
  await using killed = fork("killed", brief);
  await using heir = fork("heir", brief);
  const [{ url: first }, { url: second }] = await Promise.all([killed.ready, heir.ready]);
  const { userId, token } = await expired(first);
  const rotated = Promise.withResolvers<void>();
  hold = (nth) => {
    rotated.resolve();
    return nth === 1 ? new Promise(() => {}) : undefined;
  };
  const lost = client(first, token)
    .sessions.me.query()
    .then(
      () => "answered",
      () => "lost",
    );
  await rotated.promise;
  const waiting = client(second, token).sessions.me.query();
  killed.child.kill("SIGKILL");
  expect([await killed.ended, await lost]).toEqual(["SIGKILL", "lost"]);
  const [row] = await sql`select refresh_holder, refresh_until > now() as is_leased
    from public.authentication_contexts where user_id = ${userId}`;
  expect(row).toEqual({ refresh_holder: expect.any(String), is_leased: true });
  // it waits until the lease is over, and asks again with the token that was stored
  expect((await waiting).user_id).toBe(userId);
  expect(refreshes).toBe(2);
  // and Auth has not taken that for a theft
  const renewed = await client(second, token).sessions.refresh.mutate();
  expect(Date.parse(renewed.expires_at)).toBeGreaterThan(Date.now());
  expect(refreshes).toBe(3);
  expect((await client(second, token).operations.list.query({ limit: 1 })).rows.length).toBeGreaterThanOrEqual(0);
});
