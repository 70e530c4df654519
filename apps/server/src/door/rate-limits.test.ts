import { createTRPCClient, httpBatchStreamLink } from "@trpc/client";
import { expect, it } from "vitest";
import type { AppRouter } from "../app-router.ts";
import { refusalOf } from "../testing/refusal.ts";
import { openStage, type Stage } from "../testing/stage.ts";

/** As through a proxy that the server trusts, so that one test can be many addresses. */
const behindProxy = { WAYBILL_TRUST_PROXY: "1" };
const json = { "content-type": "application/json" };

interface Sent {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function send({ url }: Stage, path: string, from: string, init: Sent = {}) {
  const headers = { "x-forwarded-for": from, ...init.headers };
  const answer = await fetch(`${url}${path}`, { ...init, headers });
  const text = await answer.text();
  return { status: answer.status, retryAfter: Number(answer.headers.get("retry-after")), text };
}

it("refuses an address that has called too much, says when to come back, and lets the others in", async () => {
  await using stage = await openStage({ env: { ...behindProxy, WAYBILL_RATE_ADDRESS_READS: "5" } });
  const read = (from: string, path = "/trpc/system.health") => send(stage, path, from);
  for (let calls = 0; calls < 5; calls += 1) expect((await read("192.0.2.1")).status).toBe(200);
  const refused = await read("192.0.2.1");
  expect(refused.status).toBe(429);
  expect(JSON.parse(refused.text)).toMatchObject({
    error: { data: { code: "RATE_LIMITED", hint: expect.stringContaining(`in ${refused.retryAfter} s`) } },
  });
  expect(refused.retryAfter).toBeGreaterThan(0);
  expect(refused.retryAfter).toBeLessThanOrEqual(60);
  expect((await read("192.0.2.2")).status).toBe(200);
  // the whole of one customer's network, as it may come
  for (let host = 1; host <= 5; host += 1) expect((await read(`2001:db8::${host}`)).status).toBe(200);
  expect((await read("2001:db8::6")).status).toBe(429);
  // whatever it asks for
  for (const path of ["/operations/export", "/nowhere"]) expect((await read("192.0.2.1", path)).status).toBe(429);
  for (const path of ["/health", "/ready"]) expect((await read("192.0.2.1", path)).status).not.toBe(429);
  const metrics = await fetch(`${stage.url}/metrics`);
  await metrics.body?.cancel();
  expect(metrics.status).toBe(200);
});

it("counts each call of a batch, and each class by itself", async () => {
  const rates = { WAYBILL_RATE_ADDRESS_READS: "6", WAYBILL_RATE_ADDRESS_WRITES: "2", WAYBILL_RATE_ADDRESS_LOGINS: "3" };
  await using stage = await openStage({ env: { ...behindProxy, ...rates } });
  const from = "192.0.2.1";
  const batch = "/trpc/system.health,system.health,system.health?batch=1&input=%7B%7D";
  const write = (name: string) => send(stage, `/trpc/${name}`, from, { method: "POST", body: "{}", headers: json });
  expect((await send(stage, batch, from)).status).toBe(200);
  expect((await send(stage, batch, from)).status).toBe(200);
  expect((await send(stage, batch, from)).status).toBe(429);
  expect((await write("data.create")).status).toBe(401);
  expect((await write("data.create")).status).toBe(401);
  expect((await write("data.create")).status).toBe(429);
  for (const login of ["sessions.login", "sessions%2Elogin", "x/sessions.signUp"]) {
    expect((await write(login)).status).toBe(400);
  }
  expect((await write("sessions.login")).status).toBe(429);
});

it("refuses before it reads a body", async () => {
  await using stage = await openStage({ env: { ...behindProxy, WAYBILL_RATE_ADDRESS_WRITES: "1" } });
  const write = (body: string) =>
    send(stage, "/trpc/data.create", "192.0.2.1", { method: "POST", body, headers: json });
  expect((await write("{}")).status).toBe(401);
  // else it would be 413
  expect((await write("x".repeat(2_000_000))).status).toBe(429);
});

it("limits an account wherever it calls from, and no other account", async () => {
  const rates = { WAYBILL_RATE_ACCOUNT_READS: "4", WAYBILL_RATE_ACCOUNT_WRITES: "2" };
  await using stage = await openStage({ env: { ...behindProxy, ...rates } });
  const [ada, bob] = [await stage.newUser(), await stage.newUser()];
  const adaFrom = (ip: string) => stage.client(ada.sessionToken, { "x-forwarded-for": ip });
  for (let host = 1; host <= 4; host += 1) await adaFrom(`192.0.2.${host}`).sessions.me.query();
  const refused = await send(stage, "/trpc/sessions.me", "192.0.2.9", {
    headers: { authorization: `Bearer ${ada.sessionToken}` },
  });
  expect([refused.status, refused.retryAfter > 0]).toEqual([429, true]);
  expect(await refusalOf(adaFrom("192.0.2.9").data.list.query({ model: "none" }))).toMatchObject({
    code: "RATE_LIMITED",
    message: expect.stringContaining("account"),
  });
  const exported = await send(stage, "/operations/export?format=ndjson", "192.0.2.9", {
    headers: { authorization: `Bearer ${ada.sessionToken}` },
  });
  expect([exported.status, exported.retryAfter > 0]).toEqual([429, true]);
  expect((await bob.api.sessions.me.query()).user_id).toBe(bob.userId);
  const write = () => refusalOf(ada.api.data.remove.mutate({ model: "none", key: { id: 1 } }));
  expect([await write(), await write(), await write()].map(({ code }) => code)).toEqual([
    "UNKNOWN_MODEL",
    "UNKNOWN_MODEL",
    "RATE_LIMITED",
  ]);
  // to leave is always allowed
  expect(await ada.api.sessions.logout.mutate()).toMatchObject({ is_active: false });
});

it("tells a client that streams its batches the same", async () => {
  await using stage = await openStage({ env: { WAYBILL_RATE_ADDRESS_READS: "3", WAYBILL_RATE_ACCOUNT_READS: "1" } });
  const { sessionToken } = await stage.newUser();
  const headers = { authorization: `Bearer ${sessionToken}` };
  const { sessions, system } = createTRPCClient<AppRouter>({
    links: [httpBatchStreamLink({ url: `${stage.url}/trpc`, headers })],
  });
  const [me, again, health] = await Promise.all([
    refusalOf(sessions.me.query()),
    refusalOf(sessions.me.query()),
    system.health.query(),
  ]);
  for (const refused of [me, again]) {
    expect(refused).toMatchObject({
      code: "RATE_LIMITED",
      httpStatus: 429,
      message: expect.stringContaining("account"),
    });
  }
  expect(health.ready).toBeTypeOf("boolean");
  expect(await refusalOf(system.health.query())).toMatchObject({
    code: "RATE_LIMITED",
    message: expect.stringContaining("address"),
  });
});

it("believes no forged address: not for its limit, and not in the record of a login", async () => {
  await using stage = await openStage({ env: { WAYBILL_RATE_ADDRESS_READS: "3" } });
  const statuses: number[] = [];
  for (let host = 1; host <= 4; host += 1) {
    statuses.push((await send(stage, "/trpc/system.health", `192.0.2.${host}`)).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429]);
  const { email, password } = await stage.newUser();
  const from = stage.client(undefined, { "x-forwarded-for": "192.0.2.77", forwarded: "for=192.0.2.77" });
  const { session } = await from.sessions.login.mutate({ email, password });
  expect(session.ip_address).toMatch(/127\.0\.0\.1$|^::1$/);
});

it("records the address that a trusted proxy names, and not what its caller put before it", async () => {
  await using stage = await openStage({ env: { WAYBILL_TRUST_PROXY: "loopback" } });
  const { email, password } = await stage.newUser();
  const addressOf = async (forwarded: string) => {
    const from = stage.client(undefined, { "x-forwarded-for": forwarded });
    return (await from.sessions.login.mutate({ email, password })).session.ip_address;
  };
  expect(await addressOf("203.0.113.9, 192.0.2.5")).toBe("192.0.2.5");
  expect(await addressOf("203.0.113.9, no address")).toBeNull();
});
