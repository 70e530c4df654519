import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stubUpstream, type StubUpstream } from "../testing/stub-upstream.ts";
import { tracked } from "../testing/tracked.ts";

let upstream: StubUpstream;
beforeEach(async () => {
  upstream = await stubUpstream();
});
afterEach(() => upstream[Symbol.asyncDispose]());

const CHUNK = Buffer.alloc(64 * 1024, "x");

it("passes a download on as it comes, and settles at its last byte", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  upstream.answer = (_request, response) => {
    response.write(CHUNK);
    void promise.then(() => response.end(CHUNK));
  };
  await using client = tracked(upstream.url);
  const response = await client.fetch(`${upstream.url}/storage/v1/object/b/film.mp4`);
  const reader = response.body?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  expect(client.ledger.operations[0]?.outcomes).toEqual([]);
  resolve();
  while ((await reader?.read())?.done === false);
  expect(client.ledger.only().outcome).toMatchObject({
    status: "success",
    response_data: '{"status":200,"bytes":131072}',
  });
});

it("asks upstream for no more than its reader takes", async () => {
  let written = 0;
  upstream.answer = (_request, response) => {
    const more = (): void => {
      do written += 1;
      while (response.write(CHUNK) && written < 4000);
      if (written < 4000) response.once("drain", more);
    };
    more();
  };
  await using client = tracked(upstream.url);
  const response = await client.fetch(`${upstream.url}/storage/v1/object/b/film.mp4`);
  for (let before = -1; written > before;) {
    before = written;
    await new Promise((tick) => setTimeout(tick, 200));
  }
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(4000);
  await response.body?.cancel();
  expect(client.ledger.only().outcome).toMatchObject({
    status: "error",
    error_message: expect.stringMatching(/^Cancelled by the caller after \d+ bytes/),
  });
});

it("ends a download that hangs at the deadline", async () => {
  upstream.answer = (_request, response) => response.write("x");
  await using client = tracked(upstream.url, { timeoutMs: 1000 });
  const response = await client.fetch(`${upstream.url}/storage/v1/object/b/film.mp4`);
  await expect(response.text()).rejects.toMatchObject({ code: "OPERATION_TIMEOUT" });
  expect(client.ledger.only().outcome.status).toBe("timeout");
});

it.each([
  ["the deadline", "timeout", { timeoutMs: 300 }, () => {}],
  ["its caller's signal", "error", {}, (leaving) => leaving.abort()],
  ["the connection", "error", {}, (_leaving, socket) => socket?.destroy()],
] satisfies [string, string, { timeoutMs?: number }, (leaving: AbortController, socket?: Socket) => void][])(
  "ends with %s what its caller never reads",
  async (_what, status, options, end) => {
    let socket: Socket | undefined;
    upstream.answer = (_request, response, ours) => {
      socket = ours;
      response.write("x");
    };
    await using client = tracked(upstream.url, options);
    const leaving = new AbortController();
    await client.fetch(`${upstream.url}/storage/v1/object/b/film.mp4`, { signal: leaving.signal });
    end(leaving, socket);
    await expect.poll(() => client.ledger.operations[0]?.outcomes).toMatchObject([{ status }]);
  },
);

it("is not sent when its caller leaves as the journal has it", async () => {
  upstream.answer = () => {};
  await using client = tracked(upstream.url);
  const journal = Promise.withResolvers<void>();
  client.ledger.gate = journal.promise;
  const leaving = new AbortController();
  const call = client.fetch(`${upstream.url}/storage/v1/object/b/film.mp4`, { signal: leaving.signal });
  void journal.promise.then(() => leaving.abort());
  journal.resolve();
  await expect(call).rejects.toMatchObject({ name: "AbortError" });
  expect(upstream.arrived).toEqual([]);
  expect(client.ledger.only().outcome).toMatchObject({ error_message: "Cancelled by the caller.", attempts: 0 });
});

it("records a download that breaks off", async () => {
  upstream.answer = (_request, response, socket) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("x", () => socket.destroy());
  };
  await using client = tracked(upstream.url);
  const response = await client.fetch(`${upstream.url}/storage/v1/object/b/film.mp4`);
  await expect(response.text()).rejects.toThrow("terminated");
  expect(client.ledger.only().outcome.status).toBe("error");
});

it("lets a function's event stream outlive the deadline", async () => {
  upstream.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    setTimeout(() => response.end("data: 2\n\n"), 300);
  };
  await using client = tracked(upstream.url, { timeoutMs: 150 });
  const { data } = await client.supabase.functions.invoke("f");
  expect(await data.text()).toBe("data: 1\n\ndata: 2\n\n");
  expect(client.ledger.only().outcome.status).toBe("success");
});

it("ends an event stream when its caller's signal does", async () => {
  upstream.answer = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
  };
  await using client = tracked(upstream.url);
  const leaving = new AbortController();
  const response = await client.fetch(`${upstream.url}/functions/v1/f`, { method: "POST", signal: leaving.signal });
  const reader = response.body?.getReader();
  await reader?.read();
  leaving.abort();
  await expect(reader?.read()).rejects.toMatchObject({ name: "AbortError" });
  expect(client.ledger.only().outcome).toMatchObject({ status: "error", error_message: "Cancelled by the caller." });
});

it("ends an event stream that its caller dropped unread, and gives its socket back", async () => {
  const closed = Promise.withResolvers<void>();
  upstream.answer = (_request, response, socket) => {
    socket.once("close", closed.resolve);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
  };
  await using client = tracked(upstream.url);
  await client.supabase.functions.invoke("f");
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const outcomes = () => {
    collect();
    return client.ledger.operations[0]?.outcomes;
  };
  await expect
    .poll(outcomes, { timeout: 10_000 })
    .toMatchObject([{ status: "error", error_message: "Dropped by the caller after 0 bytes." }]);
  await closed.promise;
});

it("uploads a stream as it comes", async () => {
  await using client = tracked(upstream.url);
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1;
      if (pulled > 32) controller.close();
      else controller.enqueue(CHUNK);
    },
  });
  upstream.answer = (_request, response) => response.end('{"Id":"1","Key":"b/x"}');
  const { error } = await client.supabase.storage.from("b").upload("x", body, { duplex: "half" });
  expect(error).toBeNull();
  expect(upstream.arrived[0]?.body.length).toBe(32 * CHUNK.length);
  expect(client.ledger.only().intent.query_data).toBe('{"method":"POST","path":"/storage/v1/object/b/x"}');
});
