import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answering, json } from "../client/testing/stub-upstream.ts";
import { cached, type Cached } from "./testing/cached.ts";

let world: Cached;
beforeEach(async () => {
  world = await cached();
});
afterEach(() => world[Symbol.asyncDispose]());

const one = '[{"n":1}]';

const send = async (path: string, init: RequestInit = { method: "POST", body: "{}" }) => {
  const response = await world.client.fetch(`${world.upstream.url}/${path}`, init);
  await response.text();
};
/** Whether a read that was kept before `between` is given from memory after it. */
const keeps = async (target: string, between: () => Promise<unknown>): Promise<boolean> => {
  const before = await world.read(target);
  await between();
  return (await world.read(target)) === before;
};

describe("what is kept of a table goes with", () => {
  it.each(["POST", "PATCH", "PUT", "DELETE"])("%s to it", async (method) => {
    expect(await keeps("airports", () => send("rest/v1/airports?id=eq.1", { method }))).toBe(false);
  });

  it.each([
    ["a write to it in a schema named in the request", "airports", "rest/v1/airports", { "content-profile": "other" }],
    ["a write to a table that the options name beside it", "seen", "rest/v1/members", {}],
    ["a sign-up, which a trigger may answer", "seen", "auth/v1/signup", {}],
    ["a function", "airports", "rest/v1/rpc/anything", {}],
    ["an edge function", "airports", "functions/v1/anything", {}],
    ["a GraphQL query, which may be a mutation", "airports", "graphql/v1", {}],
    ["a write to any table, where others are embedded", "airports?select=*,routes!origin(*)", "rest/v1/carriers", {}],
    ["the same, percent-encoded", "airports?select=%2A%2Croutes%28%2A%29", "rest/v1/carriers", {}],
  ])("%s", async (_what, target, path, headers: Record<string, string>) => {
    expect(await keeps(target, () => send(path, { method: "POST", body: "{}", headers }))).toBe(false);
  });

  it("a change that came by another way", async () => {
    expect(await keeps("airports", async () => world.cache.invalidate("public.airports"))).toBe(false);
    expect(await keeps("airports?select=*,b(*)", async () => world.cache.invalidate("b"))).toBe(false);
  });
});

describe("what is kept of a table stays with", () => {
  it.each([
    ["a write to another table", "rest/v1/routes", {}],
    ["a function that says that it reads", "rest/v1/rpc/anything", { "x-waybill-operation": "read" }],
    ["a sign-in", "auth/v1/token?grant_type=password", {}],
    ["an upload", "storage/v1/object/b/x", {}],
  ])("%s", async (_what, path, headers: Record<string, string>) => {
    expect(await keeps("airports", () => send(path, { method: "POST", body: "{}", headers }))).toBe(true);
  });

  it("a change of another table that came by another way", async () => {
    expect(await keeps("airports", async () => world.cache.invalidate("routes"))).toBe(true);
  });
});

/** Answers reads and writes when told. */
function gates() {
  const rows = { now: "before" };
  const reading: (() => void)[] = [];
  const writing: (() => void)[] = [];
  const answer: Answering = (request, response, socket) => {
    // the rows are those of the moment at which the read reaches the database
    const body = JSON.stringify(rows.now);
    if (request.method === "GET") reading.push(() => response.end(body));
    else writing.push(() => json(204, null)(request, response, socket));
  };
  const next = async (queue: (() => void)[]): Promise<() => void> => {
    await expect.poll(() => queue.length).toBeGreaterThan(0);
    return queue.shift() ?? (() => undefined);
  };
  return { rows, answer, read: () => next(reading), write: () => next(writing), waiting: () => reading.length };
}

describe("a read and a write at the same time leave nothing stale behind", () => {
  const write = () => send("rest/v1/airports", { method: "PATCH", body: "{}" });
  const readAgain = async (gate: ReturnType<typeof gates>) => {
    const again = world.read("airports");
    (await gate.read())();
    return await again;
  };

  it("where the read left first and was answered last", async () => {
    const gate = gates();
    world.upstream.answer = gate.answer;
    const early = world.read("airports");
    const answerEarly = await gate.read();
    const written = write();
    gate.rows.now = "after";
    (await gate.write())();
    await written;
    answerEarly();
    expect(await early).toBe('"before"');
    expect(await readAgain(gate)).toBe('"after"');
  });

  it("where the read left first and was answered while the write was under way", async () => {
    const gate = gates();
    world.upstream.answer = gate.answer;
    const early = world.read("airports");
    const answerEarly = await gate.read();
    const written = write();
    const answerWrite = await gate.write();
    answerEarly();
    expect(await early).toBe('"before"');
    gate.rows.now = "after";
    answerWrite();
    await written;
    expect(await readAgain(gate)).toBe('"after"');
  });

  it("where the write left first, whichever is answered first", async () => {
    for (const readFirst of [true, false]) {
      const gate = gates();
      world.upstream.answer = gate.answer;
      const written = write();
      const answerWrite = await gate.write();
      const early = world.read("airports");
      const answerEarly = await gate.read();
      gate.rows.now = "after";
      if (readFirst) answerEarly();
      else answerWrite();
      await (readFirst ? early : written);
      if (readFirst) answerWrite();
      else answerEarly();
      await Promise.all([early, written]);
      expect(await readAgain(gate)).toBe('"after"');
      world.cache.invalidate("airports");
    }
  });

  it("nor does a read join one that left before the write", async () => {
    const gate = gates();
    world.upstream.answer = gate.answer;
    const early = world.read("airports");
    const answerEarly = await gate.read();
    const written = write();
    gate.rows.now = "after";
    (await gate.write())();
    await written;
    const late = world.read("airports");
    const answerLate = await gate.read();
    answerEarly();
    answerLate();
    expect(await Promise.all([early, late])).toEqual(['"before"', '"after"']);
    // and the early one, though it ended first, has not put the late one's answer out
    expect(await world.read("airports")).toBe('"after"');
  });

  it("nor does a refresh that a write overtook", async () => {
    const gate = gates();
    world.upstream.answer = gate.answer;
    const first = world.read("fresh");
    (await gate.read())();
    await first;
    world.pass(1500);
    expect(await world.read("fresh")).toBe('"before"');
    const answerRefresh = await gate.read();
    const written = send("rest/v1/fresh", { method: "DELETE" });
    gate.rows.now = "after";
    (await gate.write())();
    await written;
    answerRefresh();
    await expect.poll(() => world.client.ledger.operations.every(({ outcomes }) => outcomes.length === 1)).toBe(true);
    const again = world.read("fresh");
    (await gate.read())();
    expect(await again).toBe('"after"');
  });
});

describe("a write whose outcome is unknown", () => {
  const isKept = async () => (await world.read("airports")) === (await world.read("airports"));

  it.each([
    ["a reset", (_request, _response, socket) => void socket.destroy()],
    ["a gateway's 504", json(504, { message: "late" })],
  ] satisfies [string, Answering][])(
    "may still take effect: nothing is kept for a minute after %s",
    async (_what, answer) => {
      const usual = world.upstream.answer;
      world.upstream.answer = answer;
      await send("rest/v1/airports").catch(() => {});
      world.upstream.answer = usual;
      world.pass(59_999);
      expect(await isKept()).toBe(false);
      world.pass(1);
      expect(await isKept()).toBe(true);
    },
  );

  it.each([
    ["a table's refusal", "rest/v1/airports", json(409, { code: "23505", message: "twice" })],
    ["a status that a function raised", "rest/v1/rpc/anything", json(504, { code: "PT504", message: "mine" })],
    ["a statement that took too long", "rest/v1/airports", json(500, { code: "57014", message: "cancelled" })],
    ["an edge function's own status", "functions/v1/anything", json(503, { message: "mine" })],
  ] satisfies [string, string, Answering][])(
    "is not %s, or a caller could empty the cache",
    async (_what, path, answer) => {
      const usual = world.upstream.answer;
      world.upstream.answer = answer;
      await send(path);
      world.upstream.answer = usual;
      expect(await isKept()).toBe(true);
    },
  );

  it("is not one for which no connection was made", async () => {
    const { port } = new URL(world.upstream.url);
    await world.upstream[Symbol.asyncDispose]();
    await expect(send("rest/v1/airports")).rejects.toThrow("fetch failed");
    let answers = 0;
    const back = createServer((_request, response) => response.end(`[${(answers += 1)}]`));
    await new Promise<void>((resolve) => back.listen(Number(port), "127.0.0.1", resolve));
    expect([await world.read("airports"), await world.read("airports")]).toEqual(["[1]", "[1]"]);
    back.closeAllConnections();
    await new Promise((resolve) => back.close(resolve));
  });
});

it("a write to a table that the options do not know changes nothing, however many there are", async () => {
  expect(await world.read("airports")).toBe(one);
  for (let count = 0; count < 50; count += 1) await send(`rest/v1/made_up_${count}`);
  expect(await world.read("airports")).toBe(one);
});
