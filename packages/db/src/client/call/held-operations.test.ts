import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { classify } from "../classify/classify.ts";
import { json, stubUpstream, type StubUpstream } from "../testing/stub-upstream.ts";
import { tracked } from "../testing/tracked.ts";
import { HeldOperations, type HeldOperation, retryExpectedIn } from "./held-operations.ts";
import { readRequest } from "./read-request.ts";

let upstream: StubUpstream;
beforeEach(async () => {
  upstream = await stubUpstream();
});
afterEach(() => upstream[Symbol.asyncDispose]());

/** 503 as often as told, then an answer; supabase-js waits as Retry-After says. */
const busyFor = (times: number): void => {
  upstream.answer = (request, response, socket) => {
    const answer =
      upstream.arrived.length > times ? json(200, []) : json(503, { message: "later" }, { "retry-after": "0" });
    answer(request, response, socket);
  };
};

describe("retries of supabase-js's own", () => {
  it("add to the attempts of one operation", async () => {
    busyFor(2);
    await using client = tracked(upstream.url);
    expect((await client.supabase.from("airports").select()).status).toBe(200);
    expect(upstream.arrived.map(({ headers }) => headers["x-retry-count"])).toEqual([undefined, "1", "2"]);
    expect(client.ledger.only().outcome).toMatchObject({ status: "success", attempts: 3 });
    expect(new Set(upstream.arrived.map(({ headers }) => headers["x-request-id"])).size).toBe(1);
  });

  it("end as an error when the last one fails too", async () => {
    busyFor(99);
    await using client = tracked(upstream.url);
    expect((await client.supabase.from("airports").select()).status).toBe(503);
    expect(client.ledger.only().outcome).toMatchObject({
      status: "error",
      attempts: 4,
      error_message: "HTTP 503 Service Unavailable: later",
    });
  });

  it("of equal calls at once stay one operation a call", async () => {
    upstream.answer = (request, response, socket) => {
      const retry = request.headers["x-retry-count"] !== undefined;
      (retry ? json(200, []) : json(503, {}, { "retry-after": "0" }))(request, response, socket);
    };
    await using client = tracked(upstream.url);
    await Promise.all(Array.from({ length: 20 }, async () => await client.supabase.from("airports").select()));
    expect(client.ledger.operations.length).toBe(20);
    expect(client.ledger.operations.map(({ outcomes }) => outcomes.map((outcome) => outcome.attempts))).toEqual(
      Array.from({ length: 20 }, () => [2]),
    );
  });

  it("are records of their own where joining is off", async () => {
    busyFor(1);
    await using client = tracked(upstream.url, { joinRetries: false, retry: { most: 0 } });
    await client.supabase.from("airports").select();
    expect(client.ledger.operations.map(({ outcomes }) => outcomes[0]?.status)).toEqual(["error", "success"]);
  });

  it("that never come leave the failure as it was", async () => {
    busyFor(99);
    await using client = tracked(upstream.url);
    await client.fetch(`${upstream.url}/rest/v1/airports`);
    expect(client.ledger.operations[0]?.outcomes).toEqual([]);
    client.fetch.settleHeld();
    expect(client.ledger.only().outcome).toMatchObject({ status: "error", attempts: 1 });
  });
});

const held = (settled: string[], id: string): HeldOperation => ({
  operationId: id,
  requestId: id,
  open: { written: Promise.resolve(), waitsForDisk: false, settle: () => void settled.push(id) },
  started: { at: "", wallMicros: 0, monotonicMs: 0 },
  outcome: {
    status: "error",
    completed_at: "",
    execution_time_ms: 1,
    attempts: 1,
    error_message: "x",
    response_data: null,
  },
});

it("settles when the wait is over", async () => {
  const settled: string[] = [];
  const operations = new HeldOperations();
  operations.hold("k", held(settled, "a"), 1);
  await expect.poll(() => settled).toEqual(["a"]);
  expect(operations.take("k")).toBeUndefined();
});

it("holds a thousand at most, and settles the oldest beyond", () => {
  const settled: string[] = [];
  const operations = new HeldOperations();
  for (let index = 0; index <= 1000; index += 1) operations.hold(`k${index}`, held(settled, String(index)), 60_000);
  expect(settled).toEqual(["0"]);
  operations.settleAll();
  expect(settled.length).toBe(1001);
});

it("expects a retry where supabase-js makes one", () => {
  const after = (attempt: number, method = "GET", path = "/rest/v1/airports") => {
    const base = "https://x.supabase.co";
    const request = readRequest(base, base + path, { method });
    return { kind: classify({ ...request, headers: new Map() }), request, attempt };
  };
  expect(retryExpectedIn(after(1), 503, null)).toBe(2000);
  expect(retryExpectedIn(after(3), 520, null)).toBe(5000);
  expect(retryExpectedIn(after(1, "HEAD"), null, "7")).toBe(8000);
  expect(retryExpectedIn(after(4), 503, null)).toBeNull();
  expect(retryExpectedIn(after(1), 502, null)).toBeNull();
  expect(retryExpectedIn(after(1, "POST"), 503, null)).toBeNull();
  expect(retryExpectedIn(after(1, "GET", "/storage/v1/object/b/x"), 503, null)).toBeNull();
});
