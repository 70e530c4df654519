import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test, vi } from "vitest";
import { makeEncryptionKey, parseEncryptionKeys } from "../secrets.ts";
import { madeUpLogin, newTokenHash } from "../testing/made-up-session.ts";
import { plainClients } from "../testing/plain-clients.ts";
import { openSessionActivity } from "./session-activity.ts";
import { createSessionStore } from "./sessions.ts";

const clients = plainClients();
afterAll(() => clients[Symbol.asyncDispose]());
const { service } = clients;
const keys = parseEncryptionKeys(makeEncryptionKey("k1"));
const sessions = createSessionStore({ service, untracked: service, keys });
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const newSession = () => sessions.create(madeUpLogin(inMinutes(60)), newTokenHash());
/** Milliseconds from the login to the last activity that is stored. */
const seen = async (sessionId: string) => {
  const { last_activity, created_at } = await sessions.get(sessionId);
  return Date.parse(last_activity) - Date.parse(created_at);
};

/** Calls of the bulk function, and what fails of them. */
function counted() {
  const calls: number[] = [];
  const faults: (() => Error)[] = [];
  const untracked = new Proxy(service, {
    get(target, name, receiver) {
      if (name !== "rpc") return Reflect.get(target, name, receiver);
      return (fn: "touch_sessions", input: { session_ids: string[]; moments: string[] }) => {
        calls.push(input.session_ids.length);
        const fault = faults.shift();
        if (fault !== undefined) throw fault();
        return target.rpc(fn, input);
      };
    },
  });
  return { calls, faults, untracked };
}

test("many sessions are written by one call, and each at most once in an interval", async () => {
  const { calls, untracked } = counted();
  const [ada, bob] = [await newSession(), await newSession()];
  const time = { now: Date.parse(ada.created_at) };
  const activity = openSessionActivity({ untracked, everyMs: 400, clock: () => time.now });
  for (let n = 1; n <= 5; n += 1) {
    time.now += 1_000;
    activity.touch(ada);
    activity.touch(bob);
  }
  await vi.waitFor(async () => expect(await seen(ada.session_id)).toBe(5_000), { timeout: 10_000 });
  expect(calls).toEqual([2]);
  time.now += 1_000;
  activity.touch(ada);
  await activity.close();
  expect(calls).toEqual([2, 1]);
  expect(await seen(ada.session_id)).toBe(6_000);
  activity.touch(ada);
  expect(activity.waiting).toBe(0);
});

test("until the interval is over nothing is written, however often a session is used", async () => {
  const { calls, untracked } = counted();
  const ada = await newSession();
  const activity = openSessionActivity({ untracked, everyMs: 3_600_000 });
  for (let n = 0; n < 5; n += 1) {
    activity.touch(ada);
    await sleep(50);
  }
  expect(calls).toEqual([]);
  await activity.close();
  expect(calls).toEqual([1]);
});

test("forwards only, of active sessions only, before their expiry only", async () => {
  const [ahead, ended, expired] = [await newSession(), await newSession(), await newSession()];
  const later = inMinutes(5);
  await service.from("authentication_contexts").update({ last_activity: later }).eq("session_id", ahead.session_id);
  const { last_activity } = await sessions.end(ended);
  const at = inMinutes(-1);
  const past = { created_at: inMinutes(-9), last_activity: inMinutes(-8), expires_at: at };
  await service.from("authentication_contexts").update(past).eq("session_id", expired.session_id);
  const activity = openSessionActivity({ untracked: service });
  // as they were read before
  for (const session of [ahead, ended, expired]) activity.touch(session);
  // and as they are: nothing is noted
  activity.touch({ ...expired, ...past });
  await activity.close();
  const stored = async (id: string) => Date.parse((await sessions.get(id)).last_activity);
  expect(await stored(ahead.session_id)).toBe(Date.parse(later));
  expect(await stored(ended.session_id)).toBe(Date.parse(last_activity));
  expect(await stored(expired.session_id)).toBe(Date.parse(past.last_activity));
});

test("what could not be written is tried again, with what came since", async () => {
  const { calls, faults, untracked } = counted();
  const [ada, bob] = [await newSession(), await newSession()];
  const time = { now: Date.parse(bob.created_at) + 1_000 };
  faults.push(() => {
    // comes while the older moment is on its way, and is not undone by it
    time.now += 1_000;
    activity.touch(ada);
    return new Error("gone");
  });
  const activity = openSessionActivity({ untracked, everyMs: 100, clock: () => time.now });
  activity.touch(ada);
  activity.touch(bob);
  await vi.waitFor(() => expect(calls.length).toBeGreaterThanOrEqual(1), { timeout: 10_000 });
  await activity.close();
  expect(await seen(ada.session_id)).toBe(time.now - Date.parse(ada.created_at));
  expect(await seen(bob.session_id)).toBe(1_000);
});

test("at its limit it notes no further session, and the ones that it has as before", async () => {
  const [ada, bob, eve] = [await newSession(), await newSession(), await newSession()];
  const activity = openSessionActivity({ untracked: service, limit: 2 });
  for (const session of [ada, bob, eve, ada]) activity.touch(session);
  expect(activity.waiting).toBe(2);
  await activity.close();
  // there is room again, for whoever is opened next
  const next = openSessionActivity({ untracked: service, limit: 2, clock: () => Date.parse(eve.created_at) + 1_000 });
  next.touch(eve);
  await next.close();
  expect(await seen(eve.session_id)).toBe(1_000);
});
