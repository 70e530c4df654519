import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { callErrorCode, clientDisconnected } from "../errors.ts";
import { type Answering, json, stubUpstream, type StubUpstream } from "../testing/stub-upstream.ts";
import { openDoor, tracked } from "../testing/tracked.ts";

let upstream: StubUpstream;
beforeEach(async () => {
  upstream = await stubUpstream();
});
afterEach(() => upstream[Symbol.asyncDispose]());

const own = { joinRetries: false, retry: { backoff: { firstMs: 1, limitMs: 2 } } };
const reset: Answering = (_request, _response, socket) => void socket.destroy();
const busy = (headers: Record<string, string> = {}) => json(503, { message: "later" }, headers);

/** Fails as often as told, then answers. */
const failing = (times: number, failure: Answering): void => {
  upstream.answer = (...given) => (upstream.arrived.length > times ? json(200, []) : failure)(...given);
};

describe("a read of Waybill's own clients", () => {
  it.each([502, 503, 504, 520, 521, 522, 523, 524])("is sent again after %i, as one operation", async (status) => {
    failing(2, json(status, { message: "gone" }));
    await using client = tracked(upstream.url, own);
    expect((await client.fetch(`${upstream.url}/rest/v1/a`)).status).toBe(200);
    expect(client.ledger.only().outcome).toMatchObject({ status: "success", attempts: 3 });
    expect(client.signs.map(({ type }) => type)).toEqual(["failed", "failed", "succeeded"]);
    expect(new Set(upstream.arrived.map(({ headers }) => headers["x-request-id"])).size).toBe(1);
  });

  it.each([
    ["/rest/v1/a", "HEAD"],
    ["/rest/v1/rpc/f", "GET"],
    ["/auth/v1/user", "GET"],
    ["/storage/v1/object/b/x", "GET"],
  ])("%s %s is sent again after a reset", async (path, method) => {
    failing(1, reset);
    await using client = tracked(upstream.url, own);
    const response = await client.fetch(upstream.url + path, { method });
    await response.text();
    expect(client.ledger.only().outcome).toMatchObject({ status: "success", attempts: 2 });
  });

  it.each([
    ["that uses up its token", "/auth/v1/verify?token=t&type=signup"],
    ["of a function", "/functions/v1/f"],
  ])("is no GET %s, which is sent once", async (_what, path) => {
    failing(1, reset);
    await using client = tracked(upstream.url, own);
    await client.fetch(upstream.url + path).catch(() => {});
    expect([upstream.arrived.length, client.ledger.only().outcome.attempts]).toEqual([1, 1]);
  });

  it("ends with the last failure after three more attempts", async () => {
    upstream.answer = busy();
    await using client = tracked(upstream.url, own);
    expect((await client.fetch(`${upstream.url}/rest/v1/a`)).status).toBe(503);
    expect([upstream.arrived.length, client.ledger.only().outcome.attempts]).toEqual([4, 4]);
  });

  it.each([
    ["an author's own 503", json(503, { code: "PT503", message: "mine" })],
    ["a 500", json(500, { message: "oops" })],
    ["a 429", json(429, {}, { "retry-after": "0" })],
    ["a 404", json(404, {})],
  ])("is sent once where it ended with %s", async (_what, answer) => {
    upstream.answer = answer;
    await using client = tracked(upstream.url, own);
    await client.fetch(`${upstream.url}/rest/v1/a`);
    expect([upstream.arrived.length, client.ledger.only().outcome.attempts]).toEqual([1, 1]);
  });

  it("waits as long as Retry-After says", async () => {
    failing(1, busy({ "retry-after": "1" }));
    await using client = tracked(upstream.url, own);
    await client.fetch(`${upstream.url}/rest/v1/a`);
    expect(client.ledger.only().outcome).toMatchObject({ status: "success", attempts: 2 });
    expect(client.ledger.only().outcome.execution_time_ms).toBeGreaterThanOrEqual(990);
  });

  it("gets the answer at once where Retry-After lies behind its deadline", async () => {
    upstream.answer = busy({ "retry-after": "3600" });
    await using client = tracked(upstream.url, own);
    expect((await client.fetch(`${upstream.url}/rest/v1/a`)).status).toBe(503);
    expect(client.ledger.only().outcome).toMatchObject({ status: "error", attempts: 1 });
  });

  it("has one deadline over all attempts and the waits between them", async () => {
    upstream.answer = (...given) => (upstream.arrived.length === 1 ? busy({ "retry-after": "0" }) : () => {})(...given);
    await using client = tracked(upstream.url, { ...own, timeoutMs: 200 });
    const error: unknown = await client.fetch(`${upstream.url}/rest/v1/a`).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "OPERATION_TIMEOUT" });
    expect(client.ledger.only().outcome).toMatchObject({ status: "timeout", attempts: 2 });
  });

  it("can be called off while it waits", async () => {
    upstream.answer = busy({ "retry-after": "10" });
    await using client = tracked(upstream.url, own);
    const controller = new AbortController();
    const answer = client.fetch(`${upstream.url}/rest/v1/a`, { signal: controller.signal });
    await expect.poll(() => client.signs.length).toBe(1);
    controller.abort(new Error("enough"));
    await expect(answer).rejects.toThrow("enough");
    expect(client.ledger.only().outcome).toMatchObject({ error_message: "Cancelled by the caller.", attempts: 1 });
  });

  it("that waits when Waybill closes gets the answer that there is", async () => {
    upstream.answer = busy({ "retry-after": "10" });
    await using client = tracked(upstream.url, own);
    const answer = client.fetch(`${upstream.url}/rest/v1/a`);
    await expect.poll(() => client.signs.length).toBe(1);
    client.fetch.endWaits();
    expect((await answer).status).toBe(503);
    expect(client.ledger.only().outcome).toMatchObject({ status: "error", attempts: 1 });
  });

  it("is not sent again once the client is out of use", async () => {
    upstream.answer = busy();
    let out = false;
    const connectionOf = () =>
      openDoor({
        clientId: "c",
        refusal: () => (out ? clientDisconnected("c", null) : null),
        observe: () => void (out = true),
      });
    await using client = tracked(upstream.url, { ...own, connectionOf });
    expect((await client.fetch(`${upstream.url}/rest/v1/a`)).status).toBe(503);
    expect(client.ledger.only().outcome.attempts).toBe(1);
  });
});

describe("a write of Waybill's own clients", () => {
  const post = { method: "POST", body: "{}" };

  it.each([
    ["503", busy()],
    ["a reset", reset],
  ])("is sent once after %s, for it may have been done", async (_what, failure) => {
    failing(1, failure);
    await using client = tracked(upstream.url, own);
    await client.fetch(`${upstream.url}/rest/v1/a`, post).catch(() => {});
    expect([upstream.arrived.length, client.ledger.only().outcome.attempts]).toEqual([1, 1]);
  });

  it.each([
    ["503", busy()],
    ["a reset", reset],
  ])("is sent again after %s where its caller gave it an Idempotency-Key", async (_what, failure) => {
    failing(1, failure);
    await using client = tracked(upstream.url, own);
    const headers = { "Idempotency-Key": "k1" };
    expect((await client.fetch(`${upstream.url}/rest/v1/a`, { ...post, headers })).status).toBe(200);
    expect(upstream.arrived.map((arrived) => arrived.headers["idempotency-key"])).toEqual(["k1", "k1"]);
    expect(client.ledger.only().outcome).toMatchObject({ status: "success", attempts: 2 });
  });

  it.each([
    ["/rest/v1/a", "{}"],
    ["/storage/v1/object/b/x", new Blob(["hi"])],
  ])("to %s is sent again while no connection can be made", async (path, body) => {
    await using gone = await stubUpstream();
    await gone[Symbol.asyncDispose]();
    await using client = tracked(gone.url, own);
    await expect(client.fetch(gone.url + path, { method: "POST", body })).rejects.toThrow("fetch failed");
    expect(client.ledger.only().outcome).toMatchObject({ status: "error", attempts: 4 });
  });

  it("whose body is a stream is sent once", async () => {
    await using gone = await stubUpstream();
    await gone[Symbol.asyncDispose]();
    await using client = tracked(gone.url, own);
    const request = new Request(`${gone.url}/rest/v1/a`, { method: "POST", body: "{}" });
    await expect(client.fetch(request)).rejects.toThrow("fetch failed");
    expect(client.ledger.only().outcome.attempts).toBe(1);
  });
});

it("a client that retries by itself is not helped: its attempts would be multiplied", async () => {
  upstream.answer = busy();
  await using client = tracked(upstream.url, { joinRetries: true });
  await client.fetch(`${upstream.url}/rest/v1/a`);
  expect(upstream.arrived.length).toBe(1);
});

describe("x-waybill-timeout-ms", () => {
  it("is a call's own deadline, and stays here", async () => {
    await using client = tracked(upstream.url, { timeoutMs: 60_000 });
    await client.supabase.from("a").select().setHeader("x-waybill-timeout-ms", "5000");
    expect(upstream.arrived[0]?.headers).not.toHaveProperty("x-waybill-timeout-ms");
    upstream.answer = () => {};
    const { error } = await client.supabase.from("a").select().setHeader("x-waybill-timeout-ms", "60");
    expect(callErrorCode(error ?? {})).toBe("OPERATION_TIMEOUT");
    expect(client.ledger.operations[1]?.outcomes).toMatchObject([
      { status: "timeout", error_message: "No whole answer within 60 ms." },
    ]);
  });

  it.each(["0", "-1", "1.5", "soon", "3600001", ""])("of %j is refused, and nothing is sent", async (value) => {
    await using client = tracked(upstream.url);
    const call = client.fetch(`${upstream.url}/rest/v1/a`, { headers: { "x-waybill-timeout-ms": value } });
    await expect(call).rejects.toThrow(/must be a whole number from 1 to 3600000/);
    expect([upstream.arrived, client.ledger.operations]).toEqual([[], []]);
  });
});
