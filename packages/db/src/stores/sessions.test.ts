import { createHash, randomBytes } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { makeEncryptionKey, parseEncryptionKeys } from "../secrets.ts";
import { createSessionStore } from "./sessions.ts";

const clients = plainClients();
afterAll(() => clients[Symbol.asyncDispose]());

const { service } = clients;
const keys = parseEncryptionKeys(makeEncryptionKey("k1"));
const time = { now: Date.now() };
const sessions = createSessionStore({ service, untracked: service, keys, clock: () => time.now });

const jwt = (subject: string) =>
  [{ alg: "HS256", typ: "JWT" }, { sub: subject }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .concat(randomBytes(32).toString("base64url"))
    .join(".");
const newHash = () => createHash("sha256").update(randomBytes(32)).digest("hex");
const inMinutes = (minutes: number) => new Date(time.now + minutes * 60_000).toISOString();
const newUser = () => crypto.randomUUID();

function login(userId: string = newUser()) {
  return {
    user_id: userId,
    access_token: jwt(userId),
    refresh_token: randomBytes(12).toString("hex"),
    expires_at: inMinutes(60),
    ip_address: "192.0.2.7",
    permissions: { roles: ["admin"] },
  };
}

async function stored(sessionId: string) {
  const { data, error } = await service
    .from("authentication_contexts")
    .select("*")
    .eq("session_id", sessionId)
    .single();
  if (error !== null) throw error;
  return data;
}

describe("login", () => {
  test("stores the session; its answer holds no token, its row holds none in clear", async () => {
    const input = login();
    const hash = newHash();
    const session = await sessions.create(input, hash);
    expect(session).toMatchObject({ user_id: input.user_id, is_active: true, token_type: "Bearer" });
    expect(Object.keys(session)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/access_token|refresh|hash/)]),
    );
    const row = JSON.stringify(await stored(session.session_id));
    expect(row).not.toContain(input.access_token);
    expect(row).not.toContain(input.refresh_token);
    expect(row).toContain(hash);
  });

  test("the opaque token's hash finds it again, with its tokens", async () => {
    const input = login();
    const hash = newHash();
    const session = await sessions.create(input, hash);
    expect(await sessions.findByTokenHash(hash)).toEqual({
      session,
      tokens: { access_token: input.access_token, refresh_token: input.refresh_token },
    });
    expect(await sessions.findByTokenHash(newHash())).toBeNull();
  });

  test.each([
    [{ access_token: "not-a-jwt" }, "access_token"],
    [{ refresh_token: "" }, "refresh_token"],
    [{ expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    [{ ip_address: "nowhere" }, "ip_address"],
  ])("%j is VALIDATION_FAILED and names the field", async (change, field) => {
    const error = await rejection(sessions.create({ ...login(), ...change }, newHash()));
    expect(error).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field }] });
  });

  test("tokens that cannot be decrypted any more end the session for its user: SESSION_OVER", async () => {
    const hash = newHash();
    await sessions.create(login(), hash);
    const other = parseEncryptionKeys(makeEncryptionKey("k2"));
    const elsewhere = createSessionStore({ service, untracked: service, keys: other });
    expect(await rejection(elsewhere.findByTokenHash(hash))).toMatchObject({ code: "SESSION_OVER" });
  });

  test("the token of one session does not decrypt in the row of another", async () => {
    const [hash, thief] = [newHash(), newHash()];
    const victim = await sessions.create(login(), hash);
    const other = await sessions.create(login(), thief);
    const { access_token } = await stored(victim.session_id);
    await service.from("authentication_contexts").update({ access_token }).eq("session_id", other.session_id);
    expect(await rejection(sessions.findByTokenHash(thief))).toMatchObject({ code: "SESSION_OVER" });
  });
});

describe("activity", () => {
  test("moves last_activity forwards, and at most once in ten seconds", async () => {
    const session = await sessions.create(login(), newHash());
    const seen = async () =>
      Date.parse((await stored(session.session_id)).last_activity) - Date.parse(session.created_at);
    time.now += 1_000;
    await sessions.touch(session);
    expect(await seen()).toBe(1_000);
    time.now += 9_000;
    await sessions.touch(session);
    expect(await seen()).toBe(1_000);
    time.now += 1_000;
    await sessions.touch(session);
    expect(await seen()).toBe(11_000);
  });

  test("never moves it back, though this process' clock is behind", async () => {
    const session = await sessions.create(login(), newHash());
    const ahead = inMinutes(5);
    await service.from("authentication_contexts").update({ last_activity: ahead }).eq("session_id", session.session_id);
    await sessions.touch(session);
    expect(Date.parse((await stored(session.session_id)).last_activity)).toBe(Date.parse(ahead));
  });

  test("of a session past its expiry is SESSION_EXPIRED, of an ended one SESSION_OVER", async () => {
    const session = await sessions.create({ ...login(), expires_at: inMinutes(1) }, newHash());
    const ended = await sessions.end(await sessions.create(login(), newHash()));
    time.now += 61_000;
    expect(await rejection(sessions.touch(session))).toMatchObject({ code: "SESSION_EXPIRED" });
    expect(await rejection(sessions.touch(ended))).toMatchObject({ code: "SESSION_OVER" });
  });
});

describe("refresh", () => {
  test("replaces both tokens and the expiry, the session's token stays", async () => {
    const hash = newHash();
    const session = await sessions.create(login(), hash);
    const refresh = { access_token: jwt("next"), refresh_token: "next-refresh", expires_at: inMinutes(120) };
    const after = await sessions.storeRefreshed(session, refresh);
    expect(Date.parse(after.expires_at)).toBe(Date.parse(refresh.expires_at));
    const { access_token, refresh_token } = refresh;
    expect(await sessions.findByTokenHash(hash)).toMatchObject({ tokens: { access_token, refresh_token } });
  });

  test("of two refreshes of the same session the later gets VERSION_CONFLICT and writes nothing", async () => {
    const hash = newHash();
    const session = await sessions.create(login(), hash);
    const first = { access_token: jwt("first"), refresh_token: "first", expires_at: inMinutes(90) };
    await sessions.storeRefreshed(session, first);
    const late = { access_token: jwt("late"), refresh_token: "late", expires_at: inMinutes(91) };
    expect(await rejection(sessions.storeRefreshed(session, late))).toMatchObject({ code: "VERSION_CONFLICT" });
    expect(await sessions.findByTokenHash(hash)).toMatchObject({ tokens: { refresh_token: "first" } });
  });

  test("cannot bring an ended session back", async () => {
    const session = await sessions.create(login(), newHash());
    const ended = await sessions.end(session);
    const refresh = { access_token: jwt("x"), refresh_token: "x", expires_at: inMinutes(90) };
    expect(await rejection(sessions.storeRefreshed(ended, refresh))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
    // with the state from before the logout: the row decides
    expect(await rejection(sessions.storeRefreshed(session, refresh))).toMatchObject({ code: "VERSION_CONFLICT" });
    expect(await stored(session.session_id)).toMatchObject({ is_active: false });
  });
});

describe("end and expiration", () => {
  test("logout takes the session out of use, once, even in the moment of login", async () => {
    const ended = await sessions.end(await sessions.create(login(), newHash()));
    expect(ended.is_active).toBe(false);
    expect(await rejection(sessions.end(ended))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
  });

  test("expireDue takes exactly those past their expiry", async () => {
    const short = await sessions.create({ ...login(), expires_at: inMinutes(1) }, newHash());
    const long = await sessions.create(login(), newHash());
    time.now += 60_000;
    expect(await sessions.expireDue()).toBeGreaterThanOrEqual(1);
    expect(await sessions.get(short.session_id)).toMatchObject({ is_active: false });
    expect(await sessions.get(long.session_id)).toMatchObject({ is_active: true });
    expect(await sessions.expireDue()).toBe(0);
  });
});

describe("reading", () => {
  test("a user's sessions, page by page and filtered", async () => {
    const user = newUser();
    const made = [];
    for (let n = 0; n < 3; n += 1) made.push(await sessions.create(login(user), newHash()));
    await sessions.end(made[0] ?? (await sessions.get("")));
    const first = await sessions.listOfUser(user, { limit: 2 });
    expect(first.rows).toHaveLength(2);
    const second = await sessions.listOfUser(user, { limit: 2, cursor: first.next_cursor ?? "" });
    expect(second).toMatchObject({ next_cursor: null, rows: [expect.anything()] });
    const ids = [...first.rows, ...second.rows].map((row) => row.session_id);
    expect(ids.sort()).toEqual(made.map((row) => row.session_id).sort());
    expect((await sessions.listOfUser(user, { is_active: true })).rows).toHaveLength(2);
    expect((await sessions.listOfUser(user, { expires_before: inMinutes(30) })).rows).toHaveLength(1);
  });

  test("a caller sees its own and no other's", async () => {
    const [alice, bob] = [await clients.signUp(), await clients.signUp()];
    const session = await sessions.create(login(alice.id), newHash());
    expect(await sessions.get(session.session_id, alice.client)).toEqual(session);
    expect(await rejection(sessions.get(session.session_id, bob.client))).toMatchObject({ code: "NOT_FOUND" });
    expect((await sessions.listOfUser(alice.id, {}, alice.client)).rows).toHaveLength(1);
    expect((await sessions.listOfUser(alice.id, {}, bob.client)).rows).toEqual([]);
  });
});
