import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import {
  authenticationContextPhase,
  type AuthenticationContextState,
  isIdle,
  transitionAuthenticationContext,
} from "@waybill/contracts";
import { start, type LocalSupabase } from "@waybill/local-supabase";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createUuidV7 } from "../ledger/index.ts";
import { openHeartbeat, openJobCalls, openJobs } from "./index.ts";
import type { JobCalls } from "./job-calls.ts";
import type { JobTimes } from "./jobs.ts";

const quick: JobTimes = {
  leaseMs: 1500,
  renewMs: 100,
  maintainEveryMs: 60_000,
  sweepEveryMs: 200,
  expireEveryMs: 200,
  sessionsEveryMs: 200,
  resealEveryMs: 200,
  deadAfterMs: 1000,
  closeMs: 2000,
};
const patient = { timeout: 15_000, interval: 50 };
const newId = createUuidV7();
const quiet = () => {};

// a stack of its own: what it takes for dead would be alive for the other tests
let stack: LocalSupabase;
let calls: JobCalls;
let sql: postgres.Sql;
beforeAll(async () => {
  stack = await start({ seed: false });
  calls = openJobCalls(stack);
  sql = postgres(stack.dbUrl, { max: 1, onnotice: () => undefined });
});
afterEach(async () => {
  await sql`delete from supabase_clients where client_id like 'jobs-test%'`;
});
afterAll(async () => {
  await calls.close();
  await sql.end({ timeout: 5 });
  await stack.stop();
});

const open = (instance: string, more: Partial<JobTimes> = {}) =>
  openJobs({ calls, log: quiet, instance, retentionDays: 30, sessionIdleDays: 7, times: { ...quick, ...more } });

async function holder(): Promise<string | undefined> {
  const [row] = await sql<{ holder: string }[]>`select holder from waybill.leases where name = 'jobs'`;
  return row?.holder.split(" ")[0];
}

async function addClient(client_id: string, more: Record<string, unknown> = {}): Promise<void> {
  const row = { client_id, supabase_url: "https://example.supabase.co", supabase_key: `v1:k:${"a".repeat(60)}` };
  await sql`insert into supabase_clients ${sql({ ...row, client_type: "anon", ...more })}`;
}

async function client(client_id: string) {
  const [row] = await sql`
    select connection_status, is_active, error_count, retry_count from supabase_clients where client_id = ${client_id}`;
  return row === undefined ? undefined : { ...row };
}

const connected = { connection_status: "connected", is_active: true, error_count: 0, retry_count: 0 };
const dead = { connection_status: "disconnected", is_active: false, error_count: 1, retry_count: 0 };

test("of several processes one runs the jobs, and when it closes the next takes over at once", async () => {
  // held for longer than the test waits: only giving it up can hand it over
  const first = open("first", { leaseMs: 60_000 });
  await vi.waitFor(() => expect(first.isRunning()).toBe(true), patient);
  const second = open("second", { leaseMs: 60_000 });
  const third = open("third", { leaseMs: 60_000 });
  for (let look = 0; look < 10; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([first, second, third].map((jobs) => jobs.isRunning())).toEqual([true, false, false]);
  }
  await first.close();
  await vi.waitFor(() => expect(Number(second.isRunning()) + Number(third.isRunning())).toBe(1), patient);
  expect(first.isRunning()).toBe(false);
  await Promise.all([second.close(), third.close()]);
  expect(await holder()).toBeUndefined();
});

test("a process that is killed loses the jobs to one that lives, when its lease is over", async () => {
  const { url, secretKey, ca } = stack;
  const options = { url, secretKey, ca, instance: "killed", times: quick };
  const child: ChildProcess = fork(join(import.meta.dirname, "testing", "job-process.ts"), [JSON.stringify(options)]);
  try {
    await vi.waitFor(async () => expect(await holder()).toBe("killed"), patient);
    const heir = open("heir");
    await new Promise((resolve) => setTimeout(resolve, 2 * quick.leaseMs));
    // it renews for as long as it lives
    expect([heir.isRunning(), await holder()]).toEqual([false, "killed"]);
    child.kill("SIGKILL");
    await once(child, "exit");
    await vi.waitFor(() => expect(heir.isRunning()).toBe(true), patient);
    expect(await holder()).toBe("heir");
    await heir.close();
  } finally {
    child.kill("SIGKILL");
  }
});

test("whoever cannot renew its lease stops before another begins", async () => {
  let isCut = false;
  const cut: JobCalls = {
    ...calls,
    holdLease: (...input) => (isCut ? Promise.reject(new Error("cut off")) : calls.holdLease(...input)),
  };
  const messages: string[] = [];
  const log = (_level: string, message: string) => void messages.push(message);
  const first = openJobs({ calls: cut, log, instance: "cut", retentionDays: 30, sessionIdleDays: 7, times: quick });
  await vi.waitFor(() => expect(first.isRunning()).toBe(true), patient);
  const second = open("other");
  isCut = true;
  let bothRan = false;
  await vi.waitFor(() => {
    bothRan ||= first.isRunning() && second.isRunning();
    expect(second.isRunning()).toBe(true);
  }, patient);
  expect([bothRan, first.isRunning()]).toEqual([false, false]);
  expect(messages).toContain("The lease failed and is tried again: cut off");
  await Promise.all([first.close(), second.close()]);
});

test("the one that runs them looks after the partitions, with its retention", async () => {
  await sql`delete from waybill.job_runs`;
  const jobs = open("upkeep");
  await vi.waitFor(async () => {
    expect(await sql`select outcome from waybill.job_runs`).toMatchObject([{ outcome: { retention_days: 30 } }]);
  }, patient);
  await jobs.close();
});

test("the clients of a process without a heartbeat are marked; those of one that lives are not", async () => {
  for (const id of ["jobs-test-dead/anon", "jobs-test-live/anon", "jobs-test-never/anon"]) await addClient(id);
  await addClient("jobs-test-person/anon", { is_active: false });
  const lives = openHeartbeat({ calls, log: quiet, clientIds: () => ["jobs-test-live/anon"], everyMs: 100 });
  await calls.beatClients(["jobs-test-dead/anon", "jobs-test-person/anon", "jobs-test-unknown/anon"]);
  const jobs = open("sweeper");
  await vi.waitFor(async () => expect(await client("jobs-test-dead/anon")).toEqual(dead), patient);
  expect(await client("jobs-test-live/anon")).toEqual(connected);
  expect(await client("jobs-test-never/anon")).toEqual(connected);
  expect(await client("jobs-test-person/anon")).toEqual({ ...connected, is_active: false });
  await Promise.all([jobs.close(), lives.close()]);
});

test("a process that was only slow gets its row back as it was", async () => {
  const id = "jobs-test-slow/anon";
  await addClient(id, { connection_status: "error", error_count: 3, retry_count: 2 });
  await calls.beatClients([id]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await calls.disconnectDeadClients(0.1)).toBeGreaterThanOrEqual(1);
  expect(await client(id)).toEqual({ ...dead, error_count: 3, retry_count: 2 });
  await calls.beatClients([id]);
  expect(await client(id)).toEqual({ connection_status: "error", is_active: true, error_count: 3, retry_count: 2 });
});

test.each([
  ["a person", { error_count: 0, retry_count: 0 }],
  ["its own failures", { error_count: 6, retry_count: 5 }],
])("but not when %s took it out of use meanwhile", async (_who, counters) => {
  const id = "jobs-test-out/anon";
  await addClient(id);
  await calls.beatClients([id]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await calls.disconnectDeadClients(0.1);
  expect(await client(id)).toEqual(dead);
  await sql`update supabase_clients set ${sql(counters)} where client_id = ${id}`;
  await calls.beatClients([id]);
  expect(await client(id)).toEqual({ ...dead, ...counters });
});

test("nobody but the secret key may call what the jobs call", async () => {
  const others = openJobCalls({ ...stack, secretKey: stack.publishableKey });
  const refused = expect.objectContaining({ code: "RLS_DENIED" });
  await expect(others.holdLease("jobs", "x", 1)).rejects.toEqual(refused);
  await expect(others.releaseLease("jobs", "x")).rejects.toEqual(refused);
  await expect(others.maintainOperations(1)).rejects.toEqual(refused);
  await expect(others.beatClients([])).rejects.toEqual(refused);
  await expect(others.disconnectDeadClients(1)).rejects.toEqual(refused);
  await expect(others.removeOperationsOfEndedSessions(0, 30)).rejects.toEqual(refused);
  await expect(others.expireSessions(7)).rejects.toEqual(refused);
  await others.close();
});

test("records go when their session ended long enough ago, and those of other sessions stay", async () => {
  await addClient("jobs-test/anon");
  const secret = `v1:k:${"a".repeat(60)}`;
  const days = (count: number) => new Date(Date.now() + count * 86_400_000);
  const ended: [name: string, row: Record<string, unknown>][] = [
    ["expired long ago", { expires_at: days(-3) }],
    ["logged out long ago", { expires_at: days(-3), is_active: false, last_activity: days(-3) }],
    ["expired lately, last used before", { expires_at: days(-1), is_active: false }],
    ["open", { expires_at: days(1) }],
  ];
  for (const [name, row] of ended) {
    const [session] = await sql<{ session_id: string }[]>`insert into authentication_contexts ${sql({
      user_id: "jobs-test",
      access_token: secret,
      refresh_token: secret,
      token_hash: crypto.randomUUID().replaceAll("-", "").repeat(2),
      created_at: days(-9),
      last_activity: days(-4),
      ...row,
    })} returning session_id`;
    await sql`insert into database_operations ${sql({
      operation_id: newId(),
      client_id: "jobs-test/anon",
      operation_type: "read",
      status: "pending",
      table_name: "t",
      error_message: null,
      request_id: name,
      session_id: session?.session_id ?? null,
    })}`;
  }
  await sql`insert into database_operations ${sql({
    operation_id: newId(),
    client_id: "jobs-test/anon",
    operation_type: "read",
    status: "pending",
    table_name: "t",
    request_id: "no session",
  })}`;
  const left = async () =>
    (await sql`select request_id from database_operations where client_id = 'jobs-test/anon'`)
      .map(({ request_id }) => String(request_id))
      .toSorted();
  const keeping = openJobs({
    calls,
    log: quiet,
    instance: "keeping",
    retentionDays: 30,
    sessionIdleDays: 7,
    times: quick,
  });
  await vi.waitFor(() => expect(keeping.isRunning()).toBe(true), patient);
  await keeping.close();
  expect(await left()).toHaveLength(5);
  const jobs = openJobs({
    calls,
    log: quiet,
    instance: "expiry",
    retentionDays: 30,
    sessionIdleDays: 7,
    sessionRetentionDays: 2,
    times: quick,
  });
  await vi.waitFor(
    async () => expect(await left()).toEqual(["expired lately, last used before", "no session", "open"]),
    patient,
  );
  await jobs.close();
  expect(await calls.removeOperationsOfEndedSessions(0, 30)).toBe(1);
  expect(await left()).toEqual(["no session", "open"]);
  await sql`delete from authentication_contexts where user_id = 'jobs-test'`;
});

test("sessions become what the transition table makes of them: expired when due, over when nobody used them", async () => {
  const secret = `v1:k:${"a".repeat(60)}`;
  const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();
  const states: Record<string, AuthenticationContextState> = {
    "in force": { is_active: true, expires_at: days(1), last_activity: days(-1) },
    due: { is_active: true, expires_at: days(-1), last_activity: days(-2) },
    expired: { is_active: false, expires_at: days(-1), last_activity: days(-2) },
    "logged out": { is_active: false, expires_at: days(-8), last_activity: days(-8) },
    "idle, in force": { is_active: true, expires_at: days(1), last_activity: days(-8) },
    "idle, due": { is_active: true, expires_at: days(-7.5), last_activity: days(-8) },
    "idle, expired": { is_active: false, expires_at: days(-7.5), last_activity: days(-8) },
  };
  for (const [name, state] of Object.entries(states)) {
    await sql`insert into authentication_contexts ${sql({
      user_id: `jobs-test ${name}`,
      access_token: secret,
      refresh_token: secret,
      token_hash: crypto.randomUUID().replaceAll("-", "").repeat(2),
      created_at: days(-9),
      ...state,
    })}`;
  }
  const iso = (column: string) => sql.unsafe(`to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
  const stored = async () => {
    const rows = await sql<({ name: string } & AuthenticationContextState)[]>`
      select substr(user_id, 11) as name, is_active, ${iso("expires_at")} as expires_at,
        ${iso("last_activity")} as last_activity
      from authentication_contexts where user_id like 'jobs-test %'`;
    return Object.fromEntries(rows.map(({ name, ...state }) => [name, state]));
  };
  const before = await stored();
  const jobs = open("sessions");
  await vi.waitFor(async () => expect((await stored())["due"]?.is_active).toBe(false), patient);
  const after = await stored();
  await jobs.close();
  for (const [name, state] of Object.entries(before)) {
    // the moment of the job, as an end notes it
    const at = name.startsWith("idle") ? (after[name]?.last_activity ?? "") : days(0);
    const isOver = authenticationContextPhase(state, at) !== "logged_out" && isIdle(state, at, 7 * 86_400_000);
    const moved = transitionAuthenticationContext(state, { type: isOver ? "logged_out" : "expired", at });
    expect([name, after[name]]).toEqual([name, moved.ok ? moved.state : state]);
    expect([name, isOver]).toEqual([name, name.startsWith("idle")]);
  }
  expect(await calls.expireSessions(7)).toEqual({ expired: 0, ended: 0, more: false });
  await sql`delete from authentication_contexts where user_id like 'jobs-test %'`;
});
