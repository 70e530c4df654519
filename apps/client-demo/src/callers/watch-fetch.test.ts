import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { watchFetch } from "./watch-fetch.ts";

/** Answers with headers and half a body; the test decides how it goes on. */
async function startHalfAnswering() {
  const halves: ServerResponse[] = [];
  const server = createServer((_, outgoing) => {
    outgoing.write("half ");
    halves.push(outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    halves,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const asRequest = (id: string) => ({ headers: { "x-request-id": id }, signal: AbortSignal.timeout(10_000) });

test("a request is owed an answer until the last byte of it", async () => {
  await using server = await startHalfAnswering();
  const { fetch, unanswered, lastAnswered } = watchFetch();
  const response = await fetch(server.url, asRequest("r1"));
  expect([...unanswered()]).toEqual(["r1"]);
  expect(lastAnswered()).toEqual([]);
  server.halves[0]?.end("whole");
  expect(await response.text()).toBe("half whole");
  expect([...unanswered()]).toEqual([]);
  expect(lastAnswered()).toEqual(["r1"]);
});

test("an answer that breaks off, or never begins, stays owed", async () => {
  await using server = await startHalfAnswering();
  const { fetch, unanswered } = watchFetch();
  const response = await fetch(server.url, asRequest("r1"));
  server.halves[0]?.destroy();
  await expect(response.text()).rejects.toThrow("terminated");
  await expect(fetch("http://127.0.0.1:1", asRequest("r2"))).rejects.toThrow("fetch failed");
  expect([...unanswered()]).toEqual(["r1", "r2"]);
});

test("a reader that has had enough, as tRPC's of a stream, has its answer", async () => {
  await using server = await startHalfAnswering();
  const { fetch, unanswered } = watchFetch();
  const cancelled = await fetch(server.url, asRequest("r1"));
  await cancelled.body?.cancel();
  const enough = new AbortController();
  const aborted = await fetch(server.url, { ...asRequest("r2"), signal: enough.signal });
  const reading = aborted.text();
  enough.abort();
  await expect(reading).rejects.toThrow("aborted");
  expect([...unanswered()]).toEqual([]);
});

test("a deadline is no answer", async () => {
  await using server = await startHalfAnswering();
  const { fetch, unanswered } = watchFetch();
  const response = await fetch(server.url, { ...asRequest("r1"), signal: AbortSignal.timeout(200) });
  await expect(response.text()).rejects.toThrow("timeout");
  expect([...unanswered()]).toEqual(["r1"]);
});

test("of those answered it remembers the last twenty", async () => {
  const { fetch, lastAnswered } = watchFetch(() => Promise.resolve(new Response("whole")));
  for (let request = 1; request <= 25; request += 1) await (await fetch("https://x", asRequest(`r${request}`))).text();
  expect(lastAnswered()).toHaveLength(20);
  expect(lastAnswered().at(-1)).toBe("r25");
});
