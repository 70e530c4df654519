import { afterAll, describe, expect, test } from "vitest";
import { madeUpLogin, newTokenHash } from "../testing/made-up-session.ts";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { makeEncryptionKey, parseEncryptionKeys } from "../secrets.ts";
import { createSessionStore } from "./sessions.ts";

const clients = plainClients();
afterAll(() => clients[Symbol.asyncDispose]());

const { service } = clients;
const keys = parseEncryptionKeys(makeEncryptionKey("k1"));
const time = { now: Date.now() };
const sessions = createSessionStore({ service, untracked: service, keys, clock: () => time.now });

const newHash = newTokenHash;
const inMinutes = (minutes: number) => new Date(time.now + minutes * 60_000).toISOString();
const newUser = () => crypto.randomUUID();
const login = (userId?: string) => madeUpLogin(inMinutes(60), userId);

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

describe("the end", () => {
  test("logout takes the session out of use, once, even in the moment of login", async () => {
    const ended = await sessions.end(await sessions.create(login(), newHash()));
    expect(ended.is_active).toBe(false);
    expect(await rejection(sessions.end(ended))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
  });

  test("by idleness counts only for who has not used or refreshed it since it was read", async () => {
    const session = await sessions.create(login(), newHash());
    const { session_id } = session;
    await service
      .from("authentication_contexts")
      .update({ last_activity: inMinutes(1) })
      .eq("session_id", session_id);
    expect(await sessions.endIdle(session)).toBe(false);
    const used = await sessions.get(session_id);
    expect(used.is_active).toBe(true);
    time.now += 120_000;
    expect(await sessions.endIdle(used)).toBe(true);
    const ended = await sessions.get(session_id);
    expect(ended).toMatchObject({ is_active: false });
    expect(ended.expires_at).toBe(ended.last_activity);
    expect(await rejection(sessions.endIdle(ended))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
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

  test("the state of several, of which one is gone", async () => {
    const [one, two] = [await sessions.create(login(), newHash()), await sessions.create(login(), newHash())];
    await sessions.end(two);
    const states = await sessions.statesOf([one.session_id, two.session_id, crypto.randomUUID()]);
    expect(new Map(states.map((state) => [state.session_id, state.is_active]))).toEqual(
      new Map([
        [one.session_id, true],
        [two.session_id, false],
      ]),
    );
  });
});
