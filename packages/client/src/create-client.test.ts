import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { startStubServer } from "./stub-server.ts";
import { createWaybillClient, waybillErrorOf } from "./index.ts";

const credentials = { email: "ada@example.com", password: "correct horse" };

test("calls of one tick travel together, at most 20 in a request", async () => {
  await using server = await startStubServer();
  const client = createWaybillClient({ url: server.url });
  await Promise.all(Array.from({ length: 25 }, () => client.system.health.query()));
  const procedures = server.seen.map(({ url }) => url.split("?")[0]?.split("/").at(-1)?.split(",").length);
  expect(procedures).toEqual([20, 5]);
  expect(server.seen[0]?.headers["trpc-accept"]).toBe("application/jsonl");
});

test("a batch whose URL would grow beyond what servers take is split", async () => {
  await using server = await startStubServer();
  const client = createWaybillClient({ url: server.url });
  const long = "x".repeat(3000);
  await Promise.allSettled(Array.from({ length: 4 }, () => client.models.get.query({ model_name: long })));
  expect(server.seen).toHaveLength(2);
  for (const { url } of server.seen) expect(url.length).toBeLessThan(8000);
});

test("a query too long for a batch goes alone instead of failing here", async () => {
  await using server = await startStubServer();
  const client = createWaybillClient({ url: server.url });
  const ids = Array.from({ length: 200 }, () => crypto.randomUUID());
  const filters = [{ column: "id", op: "in" as const, value: ids }];
  await Promise.allSettled([client.data.list.query({ model: "things", filters }), client.system.health.query()]);
  expect(server.seen).toHaveLength(2);
  expect(server.seen.filter(({ url }) => url.length > 8000)).toHaveLength(1);
});

test("calls of sessions go alone, for a stream cannot set headers", async () => {
  await using server = await startStubServer();
  const client = createWaybillClient({ url: server.url });
  await Promise.all([client.sessions.me.query(), client.sessions.me.query()]);
  expect(server.seen).toHaveLength(2);
  expect(server.seen[0]?.headers["trpc-accept"]).toBeUndefined();
});

test("the token of a login is the bearer of what follows, until the logout", async () => {
  await using server = await startStubServer();
  const told: (string | undefined)[] = [];
  const client = createWaybillClient({ url: server.url, onSessionToken: (token) => told.push(token) });
  await client.system.health.query();
  await client.sessions.login.mutate(credentials);
  await client.system.health.query();
  await client.sessions.me.query();
  await client.sessions.logout.mutate();
  await client.system.health.query();
  const bearers = server.seen.map(({ headers }) => headers.authorization);
  const bearer = "Bearer wbs_login";
  expect(bearers).toEqual([undefined, undefined, bearer, bearer, bearer, undefined]);
  expect(told).toEqual(["wbs_login", undefined]);
});

test("a token given at first is sent; getToken takes the place of the client's own keeping", async () => {
  await using server = await startStubServer();
  await createWaybillClient({ url: server.url, sessionToken: "wbs_given" }).system.health.query();
  let token = "rotating-1";
  const client = createWaybillClient({ url: server.url, getToken: () => Promise.resolve(token) });
  await client.sessions.login.mutate(credentials);
  token = "rotating-2";
  await client.system.health.query();
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer wbs_given",
    "Bearer rotating-1",
    "Bearer rotating-2",
  ]);
});

test("each request carries the id that it was given, and none unasked", async () => {
  await using server = await startStubServer();
  let requests = 0;
  const client = createWaybillClient({ url: server.url, requestId: () => `r${++requests}` });
  await client.system.health.query();
  await client.sessions.me.query();
  await createWaybillClient({ url: server.url }).system.health.query();
  expect(server.seen.map(({ headers }) => headers["x-request-id"])).toEqual(["r1", "r2", undefined]);
});

test("a server below a path is reached", async () => {
  await using server = await startStubServer();
  const urls: string[] = [];
  const client = createWaybillClient({
    url: "https://example.com/waybill",
    fetch: (input, init) => {
      urls.push(new Request(input).url);
      return fetch(new URL("/trpc/system.health", server.url), init);
    },
  });
  await client.sessions.me.query();
  expect(urls).toEqual(["https://example.com/waybill/trpc/sessions.me"]);
});

test("a refusal tells code, hint and request id; a failure of the network is none of the server's words", async () => {
  await using server = await startStubServer();
  const client = createWaybillClient({ url: server.url });
  const refused: unknown = await client.models.list.query({}).catch((error: unknown) => error);
  expect(waybillErrorOf(refused)).toMatchObject({ code: "NOT_FOUND", hint: "Check the key.", request_id: "r1" });
  const unreachable: unknown = await createWaybillClient({ url: "http://127.0.0.1:1" })
    .system.health.query()
    .catch((error: unknown) => error);
  expect(unreachable).toBeInstanceOf(Error);
  expect(waybillErrorOf(unreachable)).toBeUndefined();
  expect(waybillErrorOf(new Error("of another kind"))).toBeUndefined();
});

test("a server that hangs is given up at the deadline", async () => {
  const client = createWaybillClient({
    url: "http://127.0.0.1:1",
    timeoutMs: 20,
    fetch: async (_, init) => {
      await wait(20_000, undefined, init?.signal ? { signal: init.signal } : {});
      return new Response();
    },
  });
  await expect(client.system.health.query()).rejects.toThrow(/aborted/);
});
