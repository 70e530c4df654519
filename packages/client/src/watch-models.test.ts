import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createWaybillClient, subscriptions, waybillErrorOf, watchModels } from "./index.ts";
import { errorOf, startStubStreams } from "./stub-streams.ts";

const patient = { timeout: 15_000, interval: 20 };

/** Watches until the test is over. */
function watching(url: string, names: readonly string[] = ["books"], more: { getToken?: () => string } = {}) {
  const told: string[] = [];
  const troubles: unknown[] = [];
  const controller = new AbortController();
  // so short a deadline is for calls
  const client = createWaybillClient({ url, subscriptions, timeoutMs: 300, sessionToken: "wbs_given", ...more });
  const ended = watchModels(
    client,
    names,
    ({ model_name, model }) => told.push(`${model_name} ${model?.schema_version ?? "none"}`),
    { signal: controller.signal, onTrouble: (error) => troubles.push(error), pauseMs: 50 },
  ).then(
    () => "left",
    (error: unknown) => error,
  );
  const stop = async () => {
    controller.abort();
    return await ended;
  };
  return { told, troubles, ended, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

test("tells what the server tells, for longer than a call may take, and the same only once", async () => {
  await using server = await startStubStreams();
  await using watch = watching(server.url, ["books", "authors"]);
  await expect.poll(() => server.streams.length, patient).toBe(1);
  const [stream] = server.streams;
  expect(stream?.input).toEqual({ models: ["books", "authors"] });
  expect(stream?.headers.authorization).toBe("Bearer wbs_given");
  stream?.tell("books", "1.0.0");
  stream?.tell("authors", null);
  await wait(600);
  stream?.tell("books", "1.0.0");
  stream?.tell("books", "1.1.0");
  await expect.poll(() => watch.told, patient).toEqual(["books 1.0.0", "authors none", "books 1.1.0"]);
  expect(await watch.stop()).toBe("left");
  await expect.poll(() => stream?.left(), patient).toBe(true);
});

test("goes on when the server is there again, with the token of that moment", async () => {
  let token = "wbs_first";
  const first = await startStubStreams();
  await using watch = watching(first.url, ["books"], { getToken: () => token });
  await expect.poll(() => first.streams.length, patient).toBe(1);
  first.streams[0]?.tell("books", "1.0.0");
  await expect.poll(() => watch.told, patient).toHaveLength(1);
  first.streams[0]?.end("SHUTTING_DOWN");
  await first[Symbol.asyncDispose]();
  token = "wbs_second";
  // what starts first answers that it is starting
  const answer = (nth: number) => (nth === 1 ? { status: 503, body: { status: "not_ready" } } : ("stream" as const));
  await using second = await startStubStreams(first.port, answer);
  await expect.poll(() => second.streams.length, patient).toBe(1);
  second.streams[0]?.tell("books", "1.0.0");
  second.streams[0]?.tell("books", "2.0.0");
  await expect.poll(() => watch.told, patient).toEqual(["books 1.0.0", "books 2.0.0"]);
  expect(second.streams[0]?.headers.authorization).toBe("Bearer wbs_second");
  expect(watch.troubles.length).toBeGreaterThan(1);
}, 30_000);

test("asks again where that can help: for a session that expired meanwhile, and after too many calls", async () => {
  const answer = (nth: number) => (nth === 1 ? { status: 429, body: { error: errorOf("RATE_LIMITED") } } : "stream");
  await using server = await startStubStreams(0, answer);
  await using watch = watching(server.url);
  await expect.poll(() => server.streams.length, patient).toBe(1);
  expect(watch.troubles.map((error) => waybillErrorOf(error)?.code)).toEqual(["RATE_LIMITED"]);
  server.streams[0]?.tell("books", "1.0.0");
  server.streams[0]?.end("SESSION_EXPIRED");
  await expect.poll(() => server.streams.length, patient).toBe(2);
  server.streams[1]?.tell("books", "1.1.0");
  await expect.poll(() => watch.told, patient).toEqual(["books 1.0.0", "books 1.1.0"]);
  // this time it was not served before
  server.streams[1]?.end("SESSION_EXPIRED");
  await expect.poll(() => server.streams.length, patient).toBe(3);
  server.streams[2]?.end("SESSION_EXPIRED");
  expect(waybillErrorOf(await watch.ended)?.code).toBe("SESSION_EXPIRED");
  expect(server.asked()).toBe(4);
});

test("ends with the server's word where it is refused for good, in the stream or before it", async () => {
  await using server = await startStubStreams();
  await using watch = watching(server.url);
  await expect.poll(() => server.streams.length, patient).toBe(1);
  server.streams[0]?.end("SESSION_OVER");
  expect(waybillErrorOf(await watch.ended)).toMatchObject({ code: "SESSION_OVER", hint: "h" });
  await using door = await startStubStreams(0, () => ({ status: 403, body: { error: errorOf("CSRF_REFUSED") } }));
  await using refused = watching(door.url);
  expect(waybillErrorOf(await refused.ended)?.code).toBe("CSRF_REFUSED");
  expect([server.asked(), door.asked()]).toEqual([1, 1]);
});

test("by a cookie it lets the browser send that, with the header against forged requests, and no token", async () => {
  await using server = await startStubStreams();
  const seen: unknown[] = [];
  const client = createWaybillClient({
    url: server.url,
    subscriptions,
    session: "cookie",
    fetch: (input, init) => {
      seen.push(init?.credentials);
      return fetch(input, init);
    },
  });
  const controller = new AbortController();
  const ended = watchModels(client, ["books"], () => {}, { signal: controller.signal });
  await expect.poll(() => server.streams.length, patient).toBe(1);
  expect(server.streams[0]?.headers).toMatchObject({ "x-waybill-csrf": "1", accept: "text/event-stream" });
  expect(server.streams[0]?.headers.authorization).toBeUndefined();
  expect(seen).toEqual(["include"]);
  controller.abort();
  await ended;
});

test("a client that was not given subscriptions says so", async () => {
  const client = createWaybillClient({ url: "http://127.0.0.1:1" });
  await expect(watchModels(client, ["books"], () => {})).rejects.toThrow(
    /createWaybillClient\({ url, subscriptions }\)/,
  );
});

test("leaves no timer and no connection: a program that stops watching ends", async () => {
  await using server = await startStubStreams();
  await using starting = await startStubStreams(0, () => ({ status: 503, body: { status: "not_ready" } }));
  const program = `
    import { createWaybillClient, subscriptions, watchModels } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
    const ended = [];
    for (const url of [${JSON.stringify(server.url)}, ${JSON.stringify(starting.url)}, "http://127.0.0.1:1"]) {
      const controller = new AbortController();
      const client = createWaybillClient({ url, subscriptions });
      const watch = watchModels(client, ["books"], () => {}, { signal: controller.signal });
      ended.push(watch);
      setTimeout(() => controller.abort(), 500);
    }
    const early = new AbortController();
    ended.push(watchModels(createWaybillClient({ url: ${JSON.stringify(server.url)}, subscriptions }), ["books"], () => {}, { signal: early.signal }));
    early.abort();
    await Promise.all(ended);
    console.log("left", process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length);
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    // as in a page with a strict Content Security Policy
    [
      "--disallow-code-generation-from-strings",
      "--disable-warning=ExperimentalWarning",
      "--input-type=module-typescript",
      "--eval",
      program,
    ],
    { cwd: import.meta.dirname, timeout: 30_000 },
  );
  expect(stdout.trim()).toBe("left 0");
});
