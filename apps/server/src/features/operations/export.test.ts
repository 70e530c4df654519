import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { get, IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { errorDataSchema } from "@waybill/contracts";
import { makeEncryptionKey } from "@waybill/db";
import express from "express";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { z } from "zod";
import { assignRequestId } from "../../http/request-id.ts";
import { answerErrors } from "../../http/send-error.ts";
import { createLogger } from "../../log.ts";
import { listen } from "../../start/listen.ts";
import { openBehind } from "../../testing/behind.ts";
import { leaveSeconds } from "../../testing/expiry.ts";
import { openSql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";
import { exportOperations } from "./export.ts";

const stack = inject("stack");
const rowCount = 450;
/** What each record's body holds: so much that an export does not fit into the sockets' buffers. */
const bodyBytes = 60_000;
/** Two servers on one database read each other's sessions. */
const sharedKey = { WAYBILL_ENCRYPTION_KEY: makeEncryptionKey() };
const request_id = `export-${randomUUID()}`;

let behind: Awaited<ReturnType<typeof openBehind>>;
let stage: Stage;
let admin: Person;
let ada: Person;
/** Pages that were read of `request_id`, and after how many the database goes away. */
let pagesRead = 0;
let pagesUntilFailure = Infinity;
/** Whose access tokens they were read with. */
const pageBearers: string[] = [];
/** What their answers wait for. */
let pageGate: Promise<void> | undefined;

beforeAll(async () => {
  behind = await openBehind(
    stack,
    ({ method, url, headers }) => {
      if (method !== "GET" || !url.searchParams.has("request_id")) return undefined;
      pagesRead += 1;
      pageBearers.push(String(headers["authorization"]));
      return pagesRead > pagesUntilFailure ? { status: 503, body: { message: "gone" } } : undefined;
    },
    ({ url }) => (url.searchParams.has("request_id") ? pageGate : undefined),
  );
  const env = { WAYBILL_ALLOW_HTTP_LOOPBACK: "1", ...sharedKey };
  stage = await openStage({ stack: { ...stack, url: behind.url }, env });
  [admin, ada] = await Promise.all([stage.newAdmin(), stage.newUser()]);
  const sql = openSql(stack.dbUrl);
  // ids of today: older ones would be past the retention of another test's server
  const now = Date.now().toString(16).padStart(12, "0");
  const idPrefix = `${now.slice(0, 8)}-${now.slice(8)}-7000-8000-`;
  await sql`
    insert into public.database_operations (operation_id, client_id, operation_type, table_name, status, response_data,
      created_at, completed_at, user_id, request_id)
    select (${idPrefix} || lpad(n::text, 12, '0'))::uuid, ${stage.services.waybill.health().anon.client_id},
      'read', 'airports', 'success', to_jsonb(repeat('x', ${bodyBytes}::int)), now() - interval '1 s', now(),
      case when n < 10 then ${ada.userId} else 'somebody' end, ${request_id}
    from generate_series(1, ${rowCount}::int) n`;
  await sql.end();
});
afterAll(async () => {
  const sql = openSql(stack.dbUrl);
  await sql`delete from public.database_operations where request_id = ${request_id}`;
  await sql.end();
  for (const opened of [stage, behind]) await opened[Symbol.asyncDispose]();
});

const path = (query: Record<string, string>) =>
  `/operations/export?${new URLSearchParams({ request_id, ...query }).toString()}`;

/** The answer's head; its body waits to be read. */
async function open(url: string, bearer = admin.sessionToken): Promise<IncomingMessage> {
  pagesRead = 0;
  const [response] = await once(get(url, { headers: { authorization: `Bearer ${bearer}` } }), "response");
  return z.instanceof(IncomingMessage).parse(response);
}
const openExport = (query: Record<string, string> = {}, bearer?: string) => open(`${stage.url}${path(query)}`, bearer);

const envelope = z.object({ error: z.object({ data: errorDataSchema }) });
async function refusal(response: IncomingMessage) {
  return { status: response.statusCode, ...envelope.parse(JSON.parse(await text(response))).error.data };
}

describe("an export", () => {
  it("holds every record of the filter, newest first, page after page, and says that it is complete", async () => {
    const response = await openExport();
    const lines = (await text(response)).trimEnd().split("\n");
    const ids = lines.map((line) => z.object({ operation_id: z.string() }).parse(JSON.parse(line)).operation_id);
    expect(new Set(ids).size).toBe(rowCount);
    expect(ids).toEqual(ids.toSorted().toReversed());
    expect(response.headers["content-type"]).toContain("application/x-ndjson");
    expect(response.trailers["x-waybill-export"]).toBe(`complete; rows=${rowCount}`);
  });

  it("comes as CSV with a head", async () => {
    const lines = (await text(await openExport({ format: "csv" }))).trimEnd().split("\r\n");
    expect(lines).toHaveLength(rowCount + 1);
    expect(lines[0]).toMatch(/^operation_id,client_id,/);
  });

  it("shows a user its own records only", async () => {
    const lines = (await text(await openExport({}, ada.sessionToken))).trimEnd().split("\n");
    expect(lines).toHaveLength(9);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ user_id: ada.userId });
  });

  it("is refused to who has not signed in, and for a filter that is wrong, in the one shape of errors", async () => {
    expect(await refusal(await openExport({}, ""))).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(await refusal(await openExport({}, "wbs_forged"))).toMatchObject({ status: 401 });
    expect(await refusal(await openExport({ min_attempts: "many" }))).toMatchObject({
      status: 400,
      code: "VALIDATION_FAILED",
      issues: [{ field: "min_attempts", message: "must be a whole number" }],
    });
    expect(await refusal(await openExport({ nonsense: "1" }))).toMatchObject({ status: 400 });
    expect(pagesRead).toBe(0);
  });

  it("that fails before its first record is an error like any other", async () => {
    pagesUntilFailure = 0;
    expect(await refusal(await openExport())).toMatchObject({ status: 503, code: "SUPABASE_UNREACHABLE" });
    pagesUntilFailure = Infinity;
  });

  it.each([
    ["ndjson", /^\{"error":\{"code":"SUPABASE_UNREACHABLE",/],
    ["csv", /^#error,SUPABASE_UNREACHABLE,/],
  ])("that breaks off in the middle says so in its last line, as %s", async (format, beginning) => {
    pagesUntilFailure = 1;
    const response = await openExport({ format });
    const last = (await text(response)).trimEnd().split("\n").at(-1) ?? "";
    pagesUntilFailure = Infinity;
    expect(last).toMatch(beginning);
    expect(response.trailers["x-waybill-export"]).toBe("broken off; rows=200; code=SUPABASE_UNREACHABLE");
  });
});

describe("a reader", () => {
  it("that takes nothing holds the export up, that leaves ends it", async () => {
    const response = await openExport();
    await once(response, "readable");
    // the buffers on the way hold the first of its three pages at most, so the second one may be asked for
    for (let turn = 0; turn < 50; turn += 1) await stage.client().system.health.query();
    expect(pagesRead).toBeLessThan(3);
    response.destroy();
    await vi.waitUntil(() => stage.log().includes("an export's reader left before its end"), { timeout: 10_000 });
    expect(pagesRead).toBeLessThan(3);
  });

  it("that has left before its first page was asked for holds no place", async () => {
    const logger = createLogger("silent");
    const app = express().use(assignRequestId);
    let leaves = true;
    app.use((request, response, next) => {
      if (!leaves) return next();
      // as one that leaves while its session is looked up
      response.once("close", () => next());
      request.socket.destroy();
    });
    app.get("/operations/export", exportOperations(stage.services, logger, { mostExports: 1 }));
    app.use(answerErrors(logger));
    const server = await listen(app, "127.0.0.1", 0);
    await expect(open(`${server.url}${path({})}`)).rejects.toMatchObject({ code: "ECONNRESET" });
    leaves = false;
    await vi.waitUntil(async () => (await open(`${server.url}${path({})}`)).statusCode === 200, { timeout: 5_000 });
    expect(pagesRead).toBeLessThan(3);
    await server.drain(0);
  });

  it("has half of the places at most, so that nobody keeps all others from exporting", async () => {
    const logger = createLogger("silent");
    const app = express().use(assignRequestId);
    app.get("/operations/export", exportOperations(stage.services, logger, { mostExports: 2 }));
    app.use(answerErrors(logger));
    const server = await listen(app, "127.0.0.1", 0);
    const other = await stage.newAdmin();
    const url = `${server.url}${path({})}`;
    const held = [await open(url)];
    expect(await refusal(await open(url))).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    held.push(await open(url, other.sessionToken));
    expect(held.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    for (const response of held) response.destroy();
    await server.drain(0);
  });

  it("beyond the limit is refused, and one that stalls is cut off and makes room", async () => {
    const logger = createLogger("silent");
    const app = express().use(assignRequestId);
    app.get("/operations/export", exportOperations(stage.services, logger, { mostExports: 1, stallMs: 3000 }));
    app.use(answerErrors(logger));
    const server = await listen(app, "127.0.0.1", 0);
    const stalled = await open(`${server.url}${path({})}`);
    const cut = once(stalled, "error");
    expect(await refusal(await open(`${server.url}${path({})}`))).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    await vi.waitUntil(async () => (await open(`${server.url}${path({})}`)).statusCode === 200, { timeout: 20_000 });
    stalled.resume();
    expect(await cut).toMatchObject([{ code: "ECONNRESET" }]);
    await server.drain(0);
  });

  it("whose session is ended elsewhere is told so within seconds, in the middle of the export", async () => {
    const reader = await stage.newAdmin();
    await using other = await openStage({ env: sharedKey });
    const response = await openExport({}, reader.sessionToken);
    const lines: string[] = [];
    for await (const chunk of response.setEncoding("utf8")) {
      if (lines.length === 0) await other.client(reader.sessionToken).sessions.logout.mutate();
      lines.push(String(chunk));
      await sleep(50);
    }
    const last = lines.join("").trimEnd().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ error: { code: "SESSION_OVER" } });
    expect(response.trailers["x-waybill-export"]).toMatch(/^broken off; rows=\d+; code=SESSION_OVER$/);
  });

  it("that takes nothing is cut off within seconds when its session expires", async () => {
    const reader = await stage.newAdmin();
    const response = await openExport({}, reader.sessionToken);
    const cut = once(response, "error");
    await once(response, "readable");
    const sql = openSql(stack.dbUrl);
    await leaveSeconds(sql, reader.userId, -1);
    await sql.end();
    await vi.waitUntil(() => stage.log().includes('"waybillCode":"SESSION_EXPIRED"'), { timeout: 10_000 });
    // the last words have been waited for
    await sleep(2_500);
    response.resume();
    expect(await cut).toMatchObject([{ code: "ECONNRESET" }]);
  });

  it("whose access token expires meanwhile goes on with the next one", async () => {
    const reader = await stage.newUser();
    // tokens tell whole seconds: one that is made anew within the same is the same
    await new Promise((nextSecond) => setTimeout(nextSecond, 1000));
    const sql = openSql(stack.dbUrl);
    await sql`update public.database_operations set user_id = ${reader.userId}
      where request_id = ${request_id} and user_id = 'somebody'`;
    await leaveSeconds(sql, reader.userId, 15);
    await sql.end();
    pageBearers.length = 0;
    const gate = Promise.withResolvers<void>();
    pageGate = gate.promise;
    const opening = openExport({}, reader.sessionToken);
    await expect.poll(() => pageBearers.length, { timeout: 10_000 }).toBe(1);
    const expiry = async () => Date.parse((await reader.api.sessions.me.query()).session?.expires_at ?? "");
    await expect.poll(expiry, { timeout: 10_000 }).toBeGreaterThan(Date.now() + 60_000);
    pageGate = undefined;
    gate.resolve();
    const response = await opening;
    await text(response);
    expect(response.trailers["x-waybill-export"]).toMatch(/^complete; rows=4\d\d$/);
    const [first, ...later] = pageBearers;
    expect(later.length).toBeGreaterThan(0);
    for (const bearer of later) {
      expect(bearer).toMatch(/^Bearer eyJ/);
      expect(bearer).not.toBe(first);
    }
  });
});
