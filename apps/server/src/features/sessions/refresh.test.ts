import { setTimeout as sleep } from "node:timers/promises";
import { makeEncryptionKey } from "@waybill/db";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { openBehind } from "../../testing/behind.ts";
import { isRefresh, leaveSeconds } from "../../testing/expiry.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";
import { createLogger } from "../../log.ts";
import { byPassword } from "./ask-for-tokens.ts";
import { createSessionRefresher } from "./refresh.ts";

const stack = inject("stack");
const silent = createLogger("silent");
/** Servers on one database read each other's sessions. */
const shared = { WAYBILL_ENCRYPTION_KEY: makeEncryptionKey() };
let sql: Sql;
let behind: Awaited<ReturnType<typeof openBehind>>;
let stage: Stage;
/** Refreshes that reached Supabase Auth, and what it answers in their place. */
let refreshes = 0;
let fault: (() => { status: number; body: unknown } | "silence") | undefined;
let hold: Promise<void> | undefined;
/** The tokens that came with calls of the Data API as a user. */
const bearers = new Set<string>();

beforeAll(async () => {
  sql = openSql(stack.dbUrl);
  behind = await openBehind(
    stack,
    ({ url, headers }) => {
      if (url.pathname.startsWith("/rest/")) bearers.add(String(headers["authorization"]));
      if (!isRefresh(url)) return undefined;
      refreshes += 1;
      const answer = fault?.();
      return answer === "silence" ? undefined : answer;
    },
    ({ url }) => {
      if (!isRefresh(url)) return undefined;
      return fault?.() === "silence" ? new Promise(() => {}) : hold;
    },
  );
  stage = await open(shared);
});
afterAll(async () => {
  await sql.end();
  for (const opened of [stage, behind]) await opened[Symbol.asyncDispose]();
});
beforeEach(() => {
  [refreshes, fault, hold] = [0, undefined, undefined];
});

const open = (env: Record<string, string> = {}) =>
  openStage({
    stack: { ...stack, url: behind.url },
    env: { WAYBILL_ALLOW_HTTP_LOOPBACK: "1", SUPABASE_JWT_ISSUER: `${stack.url}/auth/v1`, ...env },
  });

async function stored(person: Person) {
  const [row] = await sql`select * from public.authentication_contexts where user_id = ${person.userId}`;
  return row ?? {};
}

/** Somebody with so many seconds left, whose session no cache knows. */
async function newcomer(seconds: number, on = stage): Promise<Person> {
  const person = await on.newUser();
  await leaveSeconds(sql, person.userId, seconds);
  return person;
}

describe("a session past its expiry", () => {
  it("is refreshed by the call that uses it, both tokens stored anew, and recorded as that user's operation", async () => {
    const person = await newcomer(-60);
    const before = await stored(person);
    bearers.clear();
    await person.api.operations.list.query({ limit: 1 });
    const after = await stored(person);
    expect(refreshes).toBe(1);
    expect(after["expires_at"].getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    for (const token of ["access_token", "refresh_token"]) expect(after[token]).not.toBe(before[token]);
    expect(after["token_hash"]).toBe(before["token_hash"]);
    const held = await stage.services.waybill.sessions.findByTokenHash(after["token_hash"]);
    expect([...bearers]).toContain(`Bearer ${held?.tokens.access_token}`);
    await stage.services.waybill.flush();
    const records = await sql`select session_id from public.database_operations
      where user_id = ${person.userId} and table_name = 'auth.sessions' and operation_type = 'create'`;
    expect(records).toMatchObject([{ session_id: after["session_id"] }]);
  });

  it("is refreshed once for 1,000 calls at the same moment, and none of them fails", async () => {
    const person = await newcomer(-60);
    const calls = Array.from({ length: 1000 }, async (_, n) => {
      if (n % 25 > 0) return (await person.api.sessions.me.query()).user_id;
      const { rows } = await person.api.operations.list.query({ limit: 1 });
      return rows.length >= 0 ? person.userId : "";
    });
    expect(new Set(await Promise.all(calls))).toEqual(new Set([person.userId]));
    expect(refreshes).toBe(1);
  });

  it("that the job has taken out of use is none the worse for it", async () => {
    const person = await newcomer(-60);
    await sql`update public.authentication_contexts set is_active = false where user_id = ${person.userId}`;
    expect((await person.api.sessions.me.query()).session).toMatchObject({ is_active: true });
    expect(refreshes).toBe(1);
  });

  it("of which another server has the next token already takes that one", async () => {
    const person = await newcomer(-60);
    await using other = await open(shared);
    let release = () => {};
    hold = new Promise((resolve) => (release = resolve));
    const first = person.api.sessions.me.query();
    await expect.poll(() => refreshes, { timeout: 10_000 }).toBe(1);
    const second = other.client(person.sessionToken).sessions.me.query();
    await sleep(500);
    release();
    expect((await first).session?.expires_at).toBe((await second).session?.expires_at);
    expect(refreshes).toBe(1);
  });

  it("is left to a later call when this process refreshes as many as it may", async () => {
    const [ada, bob] = [await newcomer(-60), await newcomer(-60)];
    const { waybill, openSessions } = stage.services;
    const limits = { idleMs: 86_400_000, operationTimeoutMs: 10_000, logger: silent, mostAtOnce: 1 };
    const refresher = createSessionRefresher({ waybill, sessions: openSessions, ...limits });
    const [first, second] = await Promise.allSettled(
      [ada, bob].map(async ({ sessionToken }) => refresher.usable(await openSessions.find(sessionToken))),
    );
    expect(first?.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: { waybillCode: "TRANSPORT_BUSY" } });
    expect((await bob.api.sessions.me.query()).user_id).toBe(bob.userId);
  });
});

it("a session whose refresh token is known to be no good has tokens from elsewhere after the refresh under way", async () => {
  const person = await stage.newUser();
  const { waybill, openSessions } = stage.services;
  const limits = { idleMs: 86_400_000, operationTimeoutMs: 10_000, logger: silent };
  const refresher = createSessionRefresher({ waybill, sessions: openSessions, ...limits });
  const held = await openSessions.find(person.sessionToken);
  let release = () => {};
  hold = new Promise((resolve) => (release = resolve));
  const first = refresher.renew(held);
  await expect.poll(() => refreshes, { timeout: 10_000 }).toBe(1);
  const second = refresher.renewFrom(byPassword(waybill, person), held);
  release();
  const refreshTokens = [(await first).tokens.refresh_token, (await second).tokens.refresh_token];
  expect(new Set([...refreshTokens, held.tokens.refresh_token]).size).toBe(3);
  const now = await waybill.sessions.open(held.session.session_id);
  expect(now.tokens.refresh_token).toBe(refreshTokens[1]);
});

describe("a session shortly before its expiry", () => {
  it("waits for nothing while its token carries the call, and has the next one soon", async () => {
    const person = await newcomer(25);
    let release = () => {};
    hold = new Promise((resolve) => (release = resolve));
    expect((await person.api.sessions.me.query()).user_id).toBe(person.userId);
    await expect.poll(() => refreshes, { timeout: 10_000 }).toBe(1);
    expect((await person.api.sessions.me.query()).user_id).toBe(person.userId);
    release();
    const isFresh = async () => (await stored(person))["expires_at"].getTime() > Date.now() + 60_000;
    await expect.poll(isFresh, { timeout: 10_000 }).toBe(true);
    expect(refreshes).toBe(1);
  });

  it("lasts to its end though Auth does not answer", async () => {
    await using impatient = await open({ ...shared, WAYBILL_OPERATION_TIMEOUT_MS: "1500" });
    const person = await newcomer(9);
    fault = () => ({ status: 503, body: { message: "down" } });
    const { sessions } = impatient.client(person.sessionToken);
    expect((await sessions.me.query()).user_id).toBe(person.userId);
    expect(refreshes).toBeGreaterThan(0);
  });
});

describe("when Supabase Auth fails", () => {
  it.each([
    ["is down", () => ({ status: 503, body: { message: "down" } })],
    ["has an inner fault", () => ({ status: 500, body: { code: 500, error_code: "unexpected_failure", msg: "x" } })],
    ["does not answer", () => "silence" as const],
    ["is behind a gateway that does not know the key", () => ({ status: 401, body: { message: "Invalid API key" } })],
    ["answers with what is no token", () => ({ status: 200, body: {} })],
  ])("as it %s, calls are refused with a remedy, tries are few, and the session goes on", async (_how, answer) => {
    await using impatient = await open({ ...shared, WAYBILL_OPERATION_TIMEOUT_MS: "1500" });
    const person = await newcomer(-60);
    const { sessions } = impatient.client(person.sessionToken);
    fault = answer;
    const refused = await refusalOf(sessions.me.query());
    expect(refused).toMatchObject({ code: "SUPABASE_UNREACHABLE", httpStatus: 503 });
    expect(refused.hint).toMatch(/^The session is not over: try again in \d+ s/);
    expect(await stored(person)).toMatchObject({ refresh_failures: 1, refresh_until: expect.any(Date) });
    // the pause, long enough for a machine that is busy
    await sql`update public.authentication_contexts set refresh_until = now() + interval '40 seconds'
      where user_id = ${person.userId}`;
    const before = refreshes;
    const again = await Promise.all(Array.from({ length: 20 }, () => refusalOf(sessions.me.query())));
    for (const refusal of again) {
      expect(refusal).toMatchObject({ code: "SUPABASE_UNREACHABLE", hint: expect.stringMatching(/ [34]\d s/) });
    }
    expect(refreshes).toBe(before);
    await sql`update public.authentication_contexts set refresh_until = now() where user_id = ${person.userId}`;
    fault = undefined;
    const goesOn = async () =>
      sessions.me.query().then(
        ({ user_id }) => user_id,
        () => null,
      );
    await expect.poll(goesOn, { timeout: 10_000, interval: 200 }).toBe(person.userId);
  });

  it("with a refusal of the refresh token, the session is over", async () => {
    const person = await newcomer(-60);
    fault = () => ({ status: 400, body: { code: 400, error_code: "refresh_token_already_used", msg: "used" } });
    expect(await refusalOf(person.api.sessions.me.query())).toMatchObject({ code: "SESSION_OVER", httpStatus: 401 });
    const row = await stored(person);
    expect(row).toMatchObject({ is_active: false, refresh_holder: null });
    expect(row["last_activity"].getTime()).toBeGreaterThanOrEqual(row["expires_at"].getTime());
    fault = undefined;
    expect(await refusalOf(person.api.sessions.me.query())).toMatchObject({ code: "SESSION_OVER" });
    expect(await refusalOf(person.api.sessions.refresh.mutate())).toMatchObject({ code: "SESSION_OVER" });
    expect(refreshes).toBe(1);
  });

  it("with the tokens of another user, none of them is taken", async () => {
    const [person, eve] = [await newcomer(-60), await stage.newUser()];
    const { data } = await stage.services.waybill.anon().auth.signInWithPassword(eve);
    const before = await stored(person);
    fault = () => ({ status: 200, body: data.session });
    expect(await refusalOf(person.api.sessions.me.query())).toMatchObject({ code: "INTERNAL" });
    const { access_token, refresh_token } = await stored(person);
    expect({ access_token, refresh_token }).toEqual({
      access_token: before["access_token"],
      refresh_token: before["refresh_token"],
    });
    fault = undefined;
    await sql`update public.authentication_contexts set refresh_until = now() where user_id = ${person.userId}`;
    expect((await person.api.sessions.me.query()).user_id).toBe(person.userId);
  });

  it("with a ban of the user, the session is over", async () => {
    const person = await newcomer(-60);
    await stage.services.waybill.service().auth.admin.updateUserById(person.userId, { ban_duration: "1h" });
    expect(await refusalOf(person.api.sessions.me.query())).toMatchObject({ code: "SESSION_OVER" });
  });
});

describe("a session that nobody uses", () => {
  it.each([
    ["expired", -60],
    ["in force", 600],
  ])("for WAYBILL_SESSION_IDLE days is over at its next call, %s", async (_, seconds) => {
    await using strict = await open({ WAYBILL_SESSION_IDLE: "1" });
    const [idle, used] = [await newcomer(seconds, strict), await newcomer(seconds, strict)];
    for (const [person, hours] of [
      [idle, 25],
      [used, 23],
    ] as const) {
      await sql`update public.authentication_contexts set created_at = now() - interval '3 days',
        last_activity = now() - make_interval(hours => ${hours}) where user_id = ${person.userId}`;
    }
    expect(await refusalOf(idle.api.sessions.me.query())).toMatchObject({ code: "SESSION_OVER", httpStatus: 401 });
    const row = await stored(idle);
    expect(row["is_active"]).toBe(false);
    expect(row["last_activity"].getTime()).toBeGreaterThanOrEqual(row["expires_at"].getTime());
    expect(await refusalOf(idle.api.sessions.refresh.mutate())).toMatchObject({ code: "SESSION_OVER" });
    expect((await used.api.sessions.me.query()).user_id).toBe(used.userId);
  });
});

it("a call with a plain Supabase token has no session in its record", async () => {
  const person = await stage.newUser();
  const { email, password, userId } = person;
  const { data } = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
  const request_id = `plain-${userId}`;
  await stage.client(data.session?.access_token, { "x-request-id": request_id }).operations.list.query({ limit: 1 });
  await stage.services.waybill.flush();
  const records =
    await sql`select user_id, session_id from public.database_operations where request_id = ${request_id}`;
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) expect(record).toEqual({ user_id: userId, session_id: null });
});
