import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { makeEncryptionKey, parseEncryptionKeys } from "../secrets.ts";
import { madeUpJwt, madeUpLogin, newTokenHash } from "../testing/made-up-session.ts";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { createSessionRefreshStore, type RefreshLease, type RefreshTurn } from "./session-refresh.ts";
import { createSessionStore } from "./sessions.ts";

const clients = plainClients();
afterAll(() => clients[Symbol.asyncDispose]());
const { service } = clients;
const keys = parseEncryptionKeys(makeEncryptionKey("k1"));
const sessions = createSessionStore({ service, untracked: service, keys });
const refreshes = createSessionRefreshStore({ service, untracked: service, keys });
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const newSession = (hash = newTokenHash()) => sessions.create(madeUpLogin(inMinutes(60)), hash);
const next = (name: string) => ({ access_token: madeUpJwt(name), refresh_token: name, expires_at: inMinutes(120) });

function leaseOf(turn: RefreshTurn): RefreshLease {
  if (turn.kind !== "leased") throw new Error(`it is ${turn.kind}`);
  return turn.lease;
}

describe("the lease", () => {
  test("of 40 who ask at once one gets it, and the others are told for how long", async () => {
    const session = await newSession();
    const turns = await Promise.all(Array.from({ length: 40 }, () => refreshes.leaseRefresh(session, 60_000)));
    expect(turns.filter(({ kind }) => kind === "leased")).toHaveLength(1);
    const waits = turns.flatMap((turn) => (turn.kind === "busy" ? [turn.waitMs] : []));
    expect(waits).toHaveLength(39);
    for (const wait of waits) expect(wait > 0 && wait <= 60_000).toBe(true);
  });

  test("of who is gone ends by itself, and what it does afterwards changes nothing", async () => {
    const hash = newTokenHash();
    const session = await newSession(hash);
    const slow = leaseOf(await refreshes.leaseRefresh(session, 300));
    await sleep(350);
    const heir = leaseOf(await refreshes.leaseRefresh(session, 60_000));
    expect(await rejection(refreshes.storeRefreshed(session, slow, next("slow")))).toMatchObject({
      code: "VERSION_CONFLICT",
    });
    expect(await refreshes.endRefused(session, slow)).toBe(false);
    expect(await refreshes.releaseRefresh(slow, true)).toBe(0);
    await refreshes.storeRefreshed(session, heir, next("heir"));
    expect(await sessions.findByTokenHash(hash)).toMatchObject({ tokens: { refresh_token: "heir" } });
  });

  test("is not given for a state that is past", async () => {
    const session = await newSession();
    await refreshes.storeRefreshed(session, leaseOf(await refreshes.leaseRefresh(session, 5_000)), next("a"));
    expect(await refreshes.leaseRefresh(session, 5_000)).toEqual({ kind: "moved" });
    expect(await refreshes.leaseRefresh({ ...session, session_id: crypto.randomUUID() }, 5_000)).toEqual({
      kind: "moved",
    });
  });

  test("given back serves the next at once", async () => {
    const session = await newSession();
    const lease = leaseOf(await refreshes.leaseRefresh(session, 60_000));
    expect(await refreshes.releaseRefresh(lease, false)).toBe(0);
    expect((await refreshes.leaseRefresh(session, 5_000)).kind).toBe("leased");
  });

  test("after a failure nobody tries for a while, longer each time and a minute at most; a success forgets it", async () => {
    const session = await newSession();
    const { session_id } = session;
    const pauses: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      pauses.push(await refreshes.releaseRefresh(leaseOf(await refreshes.leaseRefresh(session, 60_000)), true));
      expect(await refreshes.leaseRefresh(session, 60_000)).toMatchObject({ kind: "backing_off" });
      await service.from("authentication_contexts").update({ refresh_until: null }).eq("session_id", session_id);
    }
    for (const [n, pause] of pauses.entries()) {
      const whole = Math.min(60_000, 1_000 * 2 ** n);
      expect(pause >= whole / 2 && pause <= whole + 1).toBe(true);
    }
    await refreshes.storeRefreshed(session, leaseOf(await refreshes.leaseRefresh(session, 5_000)), next("a"));
    const { data } = await service.from("authentication_contexts").select("*").eq("session_id", session_id).single();
    expect(data).toMatchObject({ refresh_failures: 0, refresh_until: null, refresh_holder: null });
  });

  test("is nobody's but the secret key's: not to take, and not to see", async () => {
    const { client, id } = await clients.signUp();
    const session = await sessions.create(madeUpLogin(inMinutes(60), id), newTokenHash());
    const others = createSessionRefreshStore({ service: client, untracked: client, keys });
    const lease = leaseOf(await refreshes.leaseRefresh(session, 5_000));
    expect(await rejection(others.leaseRefresh(session, 5_000))).toMatchObject({ code: "RLS_DENIED" });
    expect(await rejection(others.releaseRefresh(lease, true))).toMatchObject({ code: "RLS_DENIED" });
    for (const column of ["refresh_holder", "refresh_until", "refresh_failures"] as const) {
      expect((await client.from("authentication_contexts").select(column)).error?.code).toBe("42501");
    }
  });
});

describe("a refresh", () => {
  test("replaces both tokens and the expiry; the session's token and its last activity stay", async () => {
    const hash = newTokenHash();
    const session = await newSession(hash);
    const refresh = next("next");
    const lease = leaseOf(await refreshes.leaseRefresh(session, 5_000));
    const after = await refreshes.storeRefreshed(session, lease, refresh);
    expect(after).toMatchObject({ is_active: true, last_activity: session.last_activity });
    expect(Date.parse(after.expires_at)).toBe(Date.parse(refresh.expires_at));
    const { access_token, refresh_token } = refresh;
    expect(await sessions.findByTokenHash(hash)).toMatchObject({ tokens: { access_token, refresh_token } });
    const { data } = await service.from("authentication_contexts").select("*").eq("token_hash", hash).single();
    expect(data?.access_token).toMatch(/^v1:k1:/);
    expect(data?.refresh_token).toMatch(/^v1:k1:/);
  });

  test("brings an expired session back, also one that the job took out of use while it was under way", async () => {
    const session = await newSession();
    const { session_id } = session;
    const past = { created_at: inMinutes(-9), last_activity: inMinutes(-8), expires_at: inMinutes(-1) };
    await service.from("authentication_contexts").update(past).eq("session_id", session_id);
    const due = await sessions.get(session_id);
    const lease = leaseOf(await refreshes.leaseRefresh(due, 5_000));
    await service.from("authentication_contexts").update({ is_active: false }).eq("session_id", session_id);
    expect(await refreshes.storeRefreshed(due, lease, next("a"))).toMatchObject({ is_active: true });
  });

  test.each(["in force", "past its expiry"])("cannot bring a session back that ended meanwhile, %s", async (when) => {
    const session = await newSession();
    const { session_id } = session;
    if (when !== "in force") {
      const past = { created_at: inMinutes(-9), last_activity: inMinutes(-8), expires_at: inMinutes(-1) };
      await service.from("authentication_contexts").update(past).eq("session_id", session_id);
    }
    const seen = await sessions.get(session_id);
    const lease = leaseOf(await refreshes.leaseRefresh(seen, 60_000));
    const ended = await sessions.end(seen);
    expect(await rejection(refreshes.storeRefreshed(ended, lease, next("x")))).toMatchObject({
      code: "ILLEGAL_TRANSITION",
    });
    // with the state from before the logout: the row decides
    expect(await rejection(refreshes.storeRefreshed(seen, lease, next("x")))).toMatchObject({
      code: "VERSION_CONFLICT",
    });
    expect(await sessions.get(session_id)).toEqual(ended);
  });

  test("that was refused ends the session for good", async () => {
    const session = await newSession();
    const lease = leaseOf(await refreshes.leaseRefresh(session, 60_000));
    expect(await refreshes.endRefused(session, lease)).toBe(true);
    const ended = await sessions.get(session.session_id);
    expect(ended).toMatchObject({ is_active: false });
    expect(ended.last_activity).toBe(ended.expires_at);
  });
});
