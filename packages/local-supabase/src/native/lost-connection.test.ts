import { join } from "node:path";
import postgres from "postgres";
import { expect, inject, onTestFinished, test } from "vitest";
import { start, type LocalSupabase } from "../start.ts";
import { openFolder, rowsProject } from "../testing/folders.ts";
import { eventually } from "../testing/processes.ts";
import { requestsTo } from "../testing/requests.ts";

/** Writes by 12 writers until `stop`; gives the statuses that it saw, and the ids that were acknowledged. */
function load(stack: LocalSupabase) {
  const request = requestsTo(stack);
  const statuses = new Set<number>();
  const acknowledged: number[] = [];
  const stopped = new AbortController();
  let id = 0;
  const write = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const json = { id: ++id };
      const { status } = await request("/rest/v1/rows", { method: "POST", json });
      statuses.add(status);
      if (status === 201) acknowledged.push(json.id);
    }
  };
  let failure: unknown;
  const writers = Array.from({ length: 12 }, () => write().catch((error: unknown) => (failure = error)));
  return {
    request,
    statuses,
    acknowledged,
    more: () => {
      const goal = acknowledged.length + 40;
      return eventually(() => {
        if (failure !== undefined) throw failure;
        return acknowledged.length >= goal;
      }, "forty more rows were written");
    },
    stop: async () => {
      stopped.abort();
      await Promise.all(writers);
    },
  };
}

async function startNative(): Promise<LocalSupabase> {
  const dataDir = join(await openFolder(), "data");
  return start({ dataDir, engine: "native", project: await rowsProject() });
}

const dataApi = "select pid from pg_stat_activity where application_name = 'waybill data api'";

test("connections that Postgres ends under load cost their requests a 503, and nobody else anything", async () => {
  await using stack = await startNative();
  const superuser = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => superuser.end({ timeout: 5 }));
  const { statuses, acknowledged, more, stop } = load(stack);
  for (let round = 0; round < 8; round += 1) {
    await more();
    await superuser.unsafe(`select pg_terminate_backend(pid) from (${dataApi}) as backends`);
  }
  await more();
  await stop();
  expect(statuses).toEqual(new Set([201, 503]));
  const kept = await superuser`select id from rows`;
  const ids = new Set(kept.map(({ id }) => id));
  expect(acknowledged.filter((row) => !ids.has(row))).toEqual([]);
});

test("a Postgres that starts anew after one of its processes was killed is used again, schema changes and all", async () => {
  await using stack = await startNative();
  const { request, statuses, acknowledged, more, stop } = load(stack);
  const superuser = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => superuser.end({ timeout: 5 }));
  for (let round = 0; round < 3; round += 1) {
    await more();
    const backends = await superuser.unsafe(dataApi);
    process.kill(Number(backends[0]?.["pid"]), "SIGKILL");
  }
  await more();
  await stop();
  expect(statuses).toEqual(new Set([201, 503]));
  const kept = new Set((await superuser`select id from rows`).map(({ id }) => id));
  expect(acknowledged.filter((row) => !kept.has(row))).toEqual([]);
  await superuser`create function public.late() returns int language sql return 1`;
  const knows = async () => (await request("/rest/v1/rpc/late", { method: "POST", json: {} })).body === 1;
  await eventually(knows, "the Data API knew what was made after the crash");
});

test("Auth, its admin and Storage answer 503 too", async () => {
  await using stack = await startNative();
  const request = requestsTo(stack);
  const superuser = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  // Not the one that holds the lock: within a transaction the activity of others stands still.
  const watcher = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => superuser.end({ timeout: 5 }));
  onTestFinished(() => watcher.end({ timeout: 5 }));
  // So that it is not the reading of the schema that waits.
  await request("/storage/v1/bucket");
  const lose = async (path: string, json?: object) => {
    await superuser`begin`;
    await superuser`lock table auth.users, storage.buckets`;
    const answer = request(path, json ? { method: "POST", json } : {});
    const waiting = async () =>
      (await watcher`select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`).length > 0;
    await eventually(waiting, "the request waited for the lock, and lost its connection");
    await superuser`commit`;
    return answer;
  };
  const lost = "The connection to the database was lost; try again.";
  const user = { email: "lost@example.com", password: "password1" };
  const auth = { status: 503, body: { code: 503, error_code: "unexpected_failure", msg: lost } };
  expect(await lose("/auth/v1/signup", user)).toEqual(auth);
  expect(await lose("/auth/v1/admin/users", user)).toEqual(auth);
  expect(await lose("/storage/v1/bucket")).toEqual({
    status: 503,
    body: { statusCode: "503", error: "ServiceUnavailable", message: lost },
  });
  expect((await request("/auth/v1/signup", { method: "POST", json: user })).status).toBe(200);
});

test("what is left of a request whose connection was lost runs on nobody else's", async () => {
  const { dbUrl } = inject("native");
  const sql = postgres(dbUrl, { max: 1, onnotice: () => {}, backoff: () => 0 });
  const other = postgres(dbUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 5 }));
  onTestFinished(() => other.end({ timeout: 5 }));
  const lost = await sql.reserve();
  const [backend] = await lost`select pg_backend_pid() as pid`;
  const terminated = Promise.allSettled([lost`select pg_sleep(60)`]);
  await other`select pg_terminate_backend(${backend?.["pid"]})`;
  expect(await terminated).toMatchObject([{ reason: { code: "CONNECTION_CLOSED" } }]);
  const next = await sql.reserve();
  await next`begin`;
  await expect(lost`rollback`).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  lost.release();
  let taken = false;
  const third = sql.reserve().finally(() => (taken = true));
  await next`select 1`;
  expect(taken).toBe(false);
  await next`commit`;
  next.release();
  (await third).release();
});
