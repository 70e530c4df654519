import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import { text } from "node:stream/consumers";
import { UnsecuredJWT } from "jose";
import { expect, test } from "vitest";
import { makeCertificate } from "./certificate.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";

const user = "0b54a5a5-6a42-4f3c-8d0e-6f6d2e1c7a10";
const bearer = `Bearer ${new UnsecuredJWT({ sub: user }).encode()}x`;

/** A stand-in for Supabase with a certificate that nobody else knows. */
async function startUpstream(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void) {
  const { key, cert } = await makeCertificate();
  const server = createServer({ key, cert }, answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    upstream: `https://127.0.0.1:${port}`,
    ca: cert,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function send(proxy: CountingProxy, method: string, path: string, headers: Record<string, string>, body = "") {
  const sent = request(`${proxy.url}${path}`, {
    method,
    headers,
    ca: proxy.ca,
    agent: false,
    signal: AbortSignal.timeout(10_000),
  });
  sent.end(body);
  const [answer] = await once(sent, "response");
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

test("passes method, path, headers and body on, and status, headers and body back", async () => {
  const arrived = Promise.withResolvers<{ url: string | undefined; prefer: unknown; host: string | undefined }>();
  await using upstream = await startUpstream((incoming, outgoing) => {
    arrived.resolve({ url: incoming.url, prefer: incoming.headers["prefer"], host: incoming.headers.host });
    outgoing.writeHead(201, { "content-range": "0-0/1", "x-method": incoming.method });
    incoming.pipe(outgoing);
  });
  await using proxy = await startCountingProxy(upstream);
  const answer = await send(proxy, "POST", "/rest/v1/airports?select=iata", { prefer: "return=minimal" }, "[é]");
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({ "content-range": "0-0/1", "x-method": "POST" });
  expect(answer.body).toBe("[é]");
  expect(await arrived.promise).toEqual({
    url: "/rest/v1/airports?select=iata",
    prefer: "return=minimal",
    host: new URL(upstream.upstream).host,
  });
});

test("notes who asked for what, and how it ended", async () => {
  await using upstream = await startUpstream((incoming, outgoing) => {
    outgoing.writeHead(incoming.method === "PATCH" ? 403 : 200).end();
  });
  await using proxy = await startCountingProxy(upstream);
  const asUser = { apikey: "sb_publishable_1", authorization: bearer, "x-request-id": "r1" };
  await send(proxy, "PATCH", "/rest/v1/airports?iata=eq.SFO", asUser);
  await send(proxy, "GET", "/rest/v1/routes", { apikey: "sb_secret_1", authorization: "Bearer sb_secret_1" });
  await send(proxy, "GET", "/graphql/v1", { apikey: "sb_secret_1" });
  expect(proxy.seen()).toEqual([
    {
      method: "PATCH",
      path: "/rest/v1/airports",
      type: "update",
      table: "airports",
      userId: user,
      key: "publishable",
      requestId: "r1",
      status: "error",
    },
    expect.objectContaining({
      type: "read",
      table: "routes",
      userId: null,
      key: "secret",
      requestId: null,
      status: "success",
    }),
    expect.objectContaining({ type: "unclassified", table: "/graphql/v1" }),
  ]);
});

test("counts the ledger's own requests apart", async () => {
  await using upstream = await startUpstream((_, outgoing) => outgoing.end());
  await using proxy = await startCountingProxy(upstream);
  const own = { "x-client-info": "waybill-ledger", apikey: "sb_secret_x" };
  await send(proxy, "POST", "/rest/v1/rpc/record_operations", own);
  await send(proxy, "POST", "/rest/v1/rpc/touch_sessions", own);
  await send(proxy, "POST", "/rest/v1/rpc/hold_lease", own);
  expect(proxy.seen()).toEqual([]);
  // a call that only says so is counted like any other
  await send(proxy, "POST", "/rest/v1/airports", own);
  await send(proxy, "POST", "/rest/v1/rpc/record_operations", { ...own, apikey: "sb_publishable_x" });
  expect(proxy.seen()).toHaveLength(2);
  expect(proxy.ledgerRequests()).toBe(3);
});

test("a request that is never answered stays unanswered when its caller goes away", async () => {
  const arrived = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  await using upstream = await startUpstream((incoming) => {
    arrived.resolve();
    incoming.once("close", () => gone.resolve());
  });
  await using proxy = await startCountingProxy(upstream);
  const sent = request(`${proxy.url}/rest/v1/airports`, { ca: proxy.ca, agent: false });
  sent.once("error", () => {}).end();
  await arrived.promise;
  sent.destroy();
  await gone.promise;
  expect(proxy.seen()).toMatchObject([{ status: "unanswered" }]);
});

test("an upstream that breaks off gives the caller a 502, which counts as an error", async () => {
  await using upstream = await startUpstream((incoming) => incoming.socket.destroy());
  await using proxy = await startCountingProxy(upstream);
  expect(await send(proxy, "GET", "/rest/v1/airports", {})).toMatchObject({ status: 502 });
  expect(proxy.seen()).toMatchObject([{ status: "error" }]);
});

test("beyond its limit it still forwards, and says how much it did not note", async () => {
  await using upstream = await startUpstream((_, outgoing) => outgoing.end("yes"));
  await using proxy = await startCountingProxy({ ...upstream, limit: 1 });
  for (const path of ["/rest/v1/a", "/rest/v1/b", "/rest/v1/c"])
    expect(await send(proxy, "GET", path, {})).toMatchObject({ status: 200, body: "yes" });
  expect(proxy.seen()).toHaveLength(1);
  expect(proxy.beyondLimit()).toBe(2);
});
