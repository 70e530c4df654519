import { createClient } from "@supabase/supabase-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerError } from "../ledger/ledger-errors.ts";
import { runInContext } from "./context.ts";
import { callErrorCode, clientDisconnected } from "./errors.ts";
import { type Answering, json, stubUpstream, type StubUpstream } from "./testing/stub-upstream.ts";
import type { Limit } from "./transport/limit.ts";
import type { RecordedOperation } from "./testing/recording-ledger.ts";
import { openDoor, tracked } from "./testing/tracked.ts";

let upstream: StubUpstream;
beforeEach(async () => {
  upstream = await stubUpstream();
});
afterEach(() => upstream[Symbol.asyncDispose]());

const beginOnly: Answering = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('[{"id":');
};

const cutOff: Answering = (_request, response, socket) => {
  response.writeHead(200, { "content-length": 1000 });
  response.write("[", () => socket.destroy());
};

const jwt = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.c2ln`;

describe("a call", () => {
  it("is written before it leaves", async () => {
    await using client = tracked(upstream.url);
    const { promise, resolve } = Promise.withResolvers<void>();
    client.ledger.gate = promise;
    const answer = client.fetch(`${upstream.url}/rest/v1/airports`);
    await new Promise((tick) => setTimeout(tick, 50));
    expect([client.ledger.operations.length, upstream.arrived.length]).toEqual([1, 0]);
    resolve();
    await answer;
    expect(upstream.arrived.length).toBe(1);
  });

  it("is not sent when the ledger refuses it", async () => {
    await using client = tracked(upstream.url);
    const reason = new Error("ENOSPC");
    client.ledger.gate = Promise.reject(new LedgerError("LEDGER_FULL", "The journal is full.", "Free space.", reason));
    const { error } = await client.supabase.from("airports").select();
    expect(callErrorCode(error ?? {})).toBe("LEDGER_FULL");
    expect(error?.message).toContain("The journal is full. Free space.");
    expect(error?.details).not.toMatch(/\n\s+at /);
    expect(client.ledger.operations.length).toBe(1);
    expect(upstream.arrived).toEqual([]);
  });

  it("is recorded with what was asked and answered", async () => {
    upstream.answer = json(200, [{ id: 1 }], { "content-range": "0-0/*" });
    await using client = tracked(upstream.url);
    await client.supabase.from("airports").select("id").eq("id", 1);
    const { intent, outcome } = client.ledger.only();
    expect(intent).toMatchObject({
      client_id: "test/anon",
      operation_type: "read",
      table_name: "airports",
      query_data: '{"method":"GET","search":{"select":"id","id":"eq.1"}}',
    });
    expect(outcome).toMatchObject({ status: "success", attempts: 1, error_message: null, response_data: '[{"id":1}]' });
    expect(outcome.completed_at > intent.created_at).toBe(true);
    expect(outcome.execution_time_ms).toBeGreaterThanOrEqual(1);
    expect(client.signs).toEqual([{ type: "succeeded" }]);
  });

  it("with an empty answer keeps status and count", async () => {
    upstream.answer = (_request, response) => response.writeHead(200, { "content-range": "*/7" }).end();
    await using client = tracked(upstream.url);
    expect((await client.supabase.from("airports").select("*", { count: "exact", head: true })).count).toBe(7);
    expect(client.ledger.only().outcome.response_data).toBe('{"status":200,"content_range":"*/7"}');
  });

  it("loses the operation header on the way, and keeps the name of a function recorded under a table", async () => {
    await using client = tracked(upstream.url);
    await client.supabase.rpc("busiest").setHeader("x-waybill-operation", "read airports");
    const query_data: unknown = expect.stringContaining("/rest/v1/rpc/busiest");
    expect(client.ledger.only().intent).toMatchObject({ operation_type: "read", table_name: "airports", query_data });
    expect(upstream.arrived[0]?.headers).not.toHaveProperty("x-waybill-operation");
  });

  it("goes where the platform's fetch would have gone", async () => {
    upstream.answer = json(200, { signedURL: "/object/sign/b/x?token=t", Id: "1", Key: "b/x" });
    const { port } = new URL(upstream.url);
    await using client = tracked(`http://LOCALHOST:${port}/`);
    const supabase = createClient(`http://LOCALHOST:${port}`, "sb_publishable_x", { global: { fetch: client.fetch } });
    const files = supabase.storage.from("b");
    expect((await files.createSignedUrl("a b/ü.txt", 60)).error).toBeNull();
    expect((await files.upload("a b/ü.txt", Buffer.from("x"))).error).toBeNull();
    await client.fetch(`http://localhost:${port}/rest/v1/../../auth/v1/logout`, { method: "POST" });
    expect(upstream.arrived.map(({ url }) => url)).toEqual([
      "/storage/v1/object/sign/b/a%20b/%C3%BC.txt",
      "/storage/v1/object/b/a%20b/%C3%BC.txt",
      "/auth/v1/logout",
    ]);
    expect(client.ledger.operations.at(-1)?.intent.table_name).toBe("auth.sessions");
  });

  it("goes nowhere but to its project", async () => {
    await using client = tracked(upstream.url);
    await expect(client.fetch("https://elsewhere.example/rest/v1/x")).rejects.toThrow(/asked for https:\/\/elsewhere/);
    await expect(client.fetch(`${upstream.url}0/rest/v1/x`)).rejects.toThrow(TypeError);
    expect(client.ledger.operations).toEqual([]);
  });
});

describe("who asks", () => {
  it("comes from the context, and the request id goes along", async () => {
    await using client = tracked(upstream.url);
    const context = { request_id: "r1", user_id: "u1", session_id: "s1", model_id: "m1", schema_version: "1.2.3" };
    await runInContext(context, async () => await client.supabase.from("airports").select());
    expect(client.ledger.only().intent).toMatchObject(context);
    expect(upstream.arrived[0]?.headers["x-request-id"]).toBe("r1");
  });

  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  const userOf = ({ intent, outcomes: [outcome] }: RecordedOperation) => outcome?.user_id ?? intent.user_id;

  it("is the token's subject where the context names nobody, and nobody where it says so", async () => {
    await using client = tracked(upstream.url);
    const url = `${upstream.url}/rest/v1/a`;
    await client.fetch(url, bearer(jwt({ sub: "user-1" })));
    await runInContext({ request_id: "r", user_id: null }, () => client.fetch(url, bearer(jwt({ sub: "user-1" }))));
    for (const authorization of [
      "Bearer sb_secret_x",
      `Bearer ${jwt({ role: "service_role" })}`,
      "Bearer a.b.c",
      "Basic x",
    ]) {
      await client.fetch(url, { headers: { authorization } });
    }
    expect(client.ledger.operations.map(userOf)).toEqual(["user-1", null, null, null, null, null]);
  });

  it("is nobody as long as Supabase has not taken the token, for anybody can write one", async () => {
    const denied = { code: "42501", message: "no" };
    const cases: [path: string, answer: Answering, user: string | null][] = [
      ["/rest/v1/a", json(401, { code: "PGRST301", message: "bad jwt" }), null],
      ["/rest/v1/a", json(503, { code: "PGRST001", message: "no database" }), null],
      ["/rest/v1/a", json(403, { message: "a gateway" }), null],
      ["/rest/v1/a", (_request, _response, socket) => void socket.destroy(), null],
      ["/auth/v1/user", json(403, { error_code: "bad_jwt", msg: "invalid JWT" }), null],
      ["/auth/v1/settings", json(200, {}), null],
      ["/storage/v1/object/public/b/x", json(200, {}), null],
      ["/functions/v1/f", json(200, {}), null],
      ["/rest/v1/a", json(403, denied), "user"],
      ["/auth/v1/user", json(200, {}), "user"],
      ["/storage/v1/object/b/x", json(200, {}), "user"],
    ];
    for (const [index, [path, answer, user]] of cases.entries()) {
      await using client = tracked(upstream.url, { joinRetries: false });
      upstream.answer = answer;
      const token = bearer(jwt({ sub: "user", index }));
      await client.fetch(`${upstream.url}${path}`, token).then(
        (response) => response.text(),
        () => "",
      );
      expect([path, client.ledger.operations.map(userOf)]).toEqual([path, [user]]);
    }
  });

  it("stays known for a token that was taken once", async () => {
    await using client = tracked(upstream.url);
    const token = bearer(jwt({ sub: "user-2" }));
    upstream.answer = json(200, []);
    await client.fetch(`${upstream.url}/rest/v1/a`, token);
    upstream.answer = json(401, { code: "PGRST303", message: "JWT expired" });
    await client.fetch(`${upstream.url}/rest/v1/a`, token);
    expect(client.ledger.operations.map(({ intent }) => intent.user_id)).toEqual([null, "user-2"]);
  });

  it("is not known in one project because another has taken the token", async () => {
    await using other = await stubUpstream(json(401, { code: "PGRST301", message: "bad jwt" }));
    await using client = tracked(upstream.url);
    await using stranger = tracked(other.url);
    const token = bearer(jwt({ sub: "user-3" }));
    await client.fetch(`${upstream.url}/rest/v1/a`, token);
    await stranger.fetch(`${other.url}/rest/v1/a`, token);
    expect([...client.ledger.operations, ...stranger.ledger.operations].map(userOf)).toEqual(["user-3", null]);
  });

  it("outside a context has a request id of its own, or the caller's", async () => {
    await using client = tracked(upstream.url);
    await client.fetch(`${upstream.url}/rest/v1/a`);
    await client.fetch(`${upstream.url}/rest/v1/a`);
    await client.fetch(`${upstream.url}/rest/v1/a`, { headers: { "X-Request-Id": "mine" } });
    await client.fetch(`${upstream.url}/rest/v1/a`, { headers: { "X-Request-Id": "x".repeat(3000) } });
    await client.fetch(`${upstream.url}/rest/v1/a`, { headers: { "X-Request-Id": "" } });
    const ids = client.ledger.operations.map(({ intent }) => intent.request_id);
    expect(new Set(ids).size).toBe(5);
    expect(ids.slice(3).map((id) => id?.length)).toEqual([36, 36]);
    expect(ids[2]).toBe("mine");
    expect(upstream.arrived.map(({ headers }) => headers["x-request-id"])).toEqual(ids);
  });
});

describe("an answer that is an error", () => {
  it("is recorded with code and message, and says nothing of the connection", async () => {
    upstream.answer = json(409, { code: "23505", message: "duplicate key", details: null, hint: null });
    await using client = tracked(upstream.url);
    await client.supabase.from("airports").insert({ id: 1 });
    expect(client.ledger.only().outcome).toMatchObject({ status: "error", error_message: "23505: duplicate key" });
    expect(client.signs).toEqual([]);
  });

  it.each([
    [502, "<html>", "HTTP 502 Bad Gateway", true],
    [522, "", "HTTP 522 unknown", true],
    [
      504,
      JSON.stringify({ code: "PGRST003", message: "Timed out acquiring connection" }),
      "PGRST003: Timed out acquiring connection",
      true,
    ],
    [503, JSON.stringify({ code: "53300", message: "too many connections" }), "53300: too many connections", true],
    [500, JSON.stringify({ code: "57P01", message: "terminating connection" }), "57P01: terminating connection", true],
    [500, JSON.stringify({ code: "57014", message: "canceling statement" }), "57014: canceling statement", false],
    [503, JSON.stringify({ code: "PT503", message: "raised" }), "PT503: raised", false],
    [500, "oops", "HTTP 500 Internal Server Error", false],
    [429, JSON.stringify({ message: "slow down" }), "HTTP 429 Too Many Requests: slow down", false],
  ])("%i %s", async (status, body, message, counts) => {
    upstream.answer = (_request, response) => response.writeHead(status).end(body);
    await using client = tracked(upstream.url);
    await client.supabase.from("airports").insert({});
    expect(client.ledger.only().outcome).toMatchObject({ status: "error", error_message: message });
    expect(client.signs.map(({ type }) => type)).toEqual(counts ? ["failed"] : []);
  });

  it("of an edge function is its author's own affair", async () => {
    upstream.answer = json(503, { message: "mine" });
    await using client = tracked(upstream.url);
    const { error } = await client.supabase.functions.invoke("f");
    expect(error.name).toBe("FunctionsHttpError");
    await error.context.text();
    expect(client.ledger.only().outcome).toMatchObject({
      status: "error",
      error_message: "HTTP 503 Service Unavailable",
    });
    expect(client.signs).toEqual([]);
  });

  it("of auth and storage is told in their own words", async () => {
    await using client = tracked(upstream.url);
    upstream.answer = json(400, { code: 400, error_code: "invalid_credentials", msg: "Invalid login credentials" });
    await client.supabase.auth.signInWithPassword({ email: "a@b.co", password: "hunter2" });
    upstream.answer = json(400, { statusCode: "409", error: "Duplicate", message: "The resource already exists" });
    await client.supabase.storage.from("b").upload("x", new Blob(["hi"]));
    expect(client.ledger.operations.map(({ outcomes }) => outcomes[0]?.error_message)).toEqual([
      "invalid_credentials: Invalid login credentials",
      "Duplicate: The resource already exists",
    ]);
    expect(JSON.stringify(client.ledger.operations)).not.toContain("hunter2");
  });
});

describe("no answer", () => {
  it.each([
    ["before the headers", () => {}],
    ["in the body", beginOnly],
  ] satisfies [string, Answering][])("a hang %s ends at the deadline as timeout", async (_where, answer) => {
    upstream.answer = answer;
    await using client = tracked(upstream.url, { timeoutMs: 150 });
    const { error } = await client.supabase.from("airports").select();
    expect(error?.message).toMatch(/^AbortError: Supabase did not answer wholly within 150 ms/);
    expect(callErrorCode(error ?? {})).toBe("OPERATION_TIMEOUT");
    expect(client.ledger.only().outcome).toMatchObject({
      status: "timeout",
      error_message: "No whole answer within 150 ms.",
    });
    expect(client.signs.map(({ type }) => type)).toEqual(["suspect"]);
    expect(upstream.arrived.length).toBe(1);
  });

  it("a journal that hangs ends at the deadline too", async () => {
    await using client = tracked(upstream.url, { timeoutMs: 100 });
    client.ledger.gate = new Promise(() => {});
    expect(callErrorCode((await client.supabase.from("airports").select()).error ?? {})).toBe("OPERATION_TIMEOUT");
    expect(client.ledger.only().outcome.status).toBe("timeout");
  });

  it("the caller's abort is an error of the caller's", async () => {
    await using client = tracked(upstream.url);
    const controller = new AbortController();
    upstream.answer = () => controller.abort();
    const { error } = await client.supabase.from("airports").select().abortSignal(controller.signal);
    expect(error?.hint).toContain("aborted");
    expect(client.ledger.only().outcome).toMatchObject({ status: "error", error_message: "Cancelled by the caller." });
    expect(client.signs).toEqual([]);
  });

  it.each([
    ["a reset", (_request, _response, socket) => socket.destroy()],
    ["a body cut off", cutOff],
    ["no HTTP", (_request, _response, socket) => socket.end("garbage\r\n\r\n")],
  ] satisfies [string, Answering][])("%s is an error that counts for the connection", async (_what, answer) => {
    upstream.answer = answer;
    await using client = tracked(upstream.url);
    const { error, status } = await client.supabase.from("airports").insert({});
    expect([error?.message, status]).toEqual(["TypeError: fetch failed", 0]);
    expect(client.ledger.only().outcome.status).toBe("error");
    expect(client.signs.map(({ type }) => type)).toEqual(["failed"]);
  });

  it("a refused connection names the reason", async () => {
    await using gone = await stubUpstream();
    await gone[Symbol.asyncDispose]();
    await using client = tracked(gone.url);
    await client.supabase.from("airports").insert({});
    expect(client.ledger.only().outcome.error_message).toMatch(/ECONNREFUSED/);
    expect(client.signs).toMatchObject([{ type: "failed", message: expect.stringContaining("ECONNREFUSED") }]);
  });

  it("an answer too long is given up", async () => {
    upstream.answer = json(200, ["x".repeat(5000)]);
    await using client = tracked(upstream.url, { transportOptions: { maxResponseBytes: 4000 } });
    expect(callErrorCode((await client.supabase.from("airports").select()).error ?? {})).toBe("RESPONSE_TOO_LARGE");
    expect(client.ledger.only().outcome.error_message).toContain("longer than 4000 bytes");
    expect(client.signs).toEqual([]);
  });

  it("one request too many is refused", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    upstream.answer = (_request, response) => void promise.then(() => response.end("[]"));
    await using client = tracked(upstream.url, { transportOptions: { maxPending: 2 } });
    const waiting = [1, 2].map(() => client.fetch(`${upstream.url}/rest/v1/a`));
    await expect(client.fetch(`${upstream.url}/rest/v1/a`)).rejects.toMatchObject({ code: "TRANSPORT_BUSY" });
    expect(client.ledger.operations[2]?.outcomes).toMatchObject([{ status: "error", attempts: 0 }]);
    resolve();
    await Promise.all(waiting);
    expect(client.ledger.operations.map(({ outcomes }) => outcomes[0]?.status)).toEqual([
      "success",
      "success",
      "error",
    ]);
  });

  it("a disconnected client fails at once and sends nothing", async () => {
    const connectionOf = () =>
      openDoor({
        clientId: "c",
        refusal: () => clientDisconnected("c", "ECONNREFUSED"),
      });
    await using client = tracked(upstream.url, { connectionOf });
    const { error } = await client.supabase.from("airports").select();
    expect(callErrorCode(error ?? {})).toBe("CLIENT_DISCONNECTED");
    expect(upstream.arrived).toEqual([]);
    expect(client.ledger.only().outcome).toMatchObject({
      status: "error",
      error_message: expect.stringContaining("Client c is disconnected"),
      attempts: 0,
    });
  });
});

describe("its place among the client's calls", () => {
  const counted = () => {
    const count = { entered: 0, left: 0 };
    const enter = () => void (count.entered += 1);
    return { count, connectionOf: () => openDoor({ enter, leave: () => void (count.left += 1) }) };
  };
  const endings: [string, string, Answering][] = [
    ["a success", "/rest/v1/a", json(200, [])],
    ["an error", "/rest/v1/a", json(404, {})],
    ["a reset", "/rest/v1/a", (_request, _response, socket) => void socket.destroy()],
    ["a hang", "/rest/v1/a", beginOnly],
    ["a download", "/storage/v1/object/b/x", json(200, [])],
    ["a download cut off", "/storage/v1/object/b/x", cutOff],
  ];

  it.each(endings)("is left after %s", async (_what, path, answer) => {
    upstream.answer = answer;
    const { count, connectionOf } = counted();
    await using client = tracked(upstream.url, {
      connectionOf,
      timeoutMs: 300,
      joinRetries: false,
      retry: { most: 0 },
    });
    await client.fetch(upstream.url + path).then(
      (response) => response.text().catch(() => ""),
      () => "",
    );
    expect(client.ledger.only().outcome.attempts).toBe(1);
    expect(count).toEqual({ entered: 1, left: 1 });
  });

  it("is not left by a call that was not let in, and that counts for no attempt", async () => {
    let left = 0;
    const enter = (limit: Limit) => limit.during(new Promise<void>(() => {}));
    const connectionOf = () => openDoor({ enter, leave: () => void (left += 1) });
    await using client = tracked(upstream.url, { connectionOf, timeoutMs: 50 });
    await expect(client.fetch(`${upstream.url}/rest/v1/a`)).rejects.toMatchObject({ code: "OPERATION_TIMEOUT" });
    expect([left, upstream.arrived]).toEqual([0, []]);
    expect(client.ledger.only().outcome).toMatchObject({ status: "timeout", attempts: 0 });
  });
});
