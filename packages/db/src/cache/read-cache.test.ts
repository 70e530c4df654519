import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { currentContext, lastOperationId, runInContext } from "../client/index.ts";
import { json } from "../client/testing/stub-upstream.ts";
import { cached, type Cached, tokenOf } from "./testing/cached.ts";

let world: Cached;
beforeEach(async () => {
  world = await cached();
});
afterEach(() => world[Symbol.asyncDispose]());

const one = '[{"n":1}]';
const two = '[{"n":2}]';
const bearer = (claims: object) => ({ headers: { authorization: `Bearer ${tokenOf(claims)}` } });

describe("a read of a table that the options name", () => {
  it("is answered from memory until its time is over", async () => {
    expect(await world.read("airports?select=iata")).toBe(one);
    world.pass(999);
    expect(await world.read("airports?select=iata")).toBe(one);
    world.pass(1);
    expect(await world.read("airports?select=iata")).toBe(two);
  });

  it("leaves a record of its own: sent never, marked, and the body only in the first one", async () => {
    await world.read("airports", bearer({ sub: "ada" }));
    world.pass(20);
    await world.read("airports", bearer({ sub: "ada" }));
    const [first, second] = world.client.ledger.operations;
    expect(first?.outcomes).toMatchObject([{ attempts: 1, response_data: one }]);
    expect(second?.outcomes).toMatchObject([{ status: "success", attempts: 0, error_message: null, user_id: "ada" }]);
    expect(second?.intent).toMatchObject({ operation_type: "read", table_name: "airports" });
    expect(JSON.parse(second?.outcomes[0]?.response_data ?? "")).toEqual({
      cached: true,
      operation_id: first?.intent.operation_id,
      age_ms: 20,
      bytes: one.length,
    });
    // the connection has not shown that it works
    expect(world.client.signs).toEqual([{ type: "succeeded" }]);
  });

  it("looks as the first answer did, but for its age", async () => {
    world.upstream.answer = (_request, response) => {
      response.writeHead(206, "Some", { "content-type": "application/json", "content-range": "0-0/9" });
      response.end('["é"]');
    };
    const ask = async () => {
      const response = await world.client.fetch(`${world.upstream.url}/rest/v1/seen`);
      const { status, statusText, ok, url } = response;
      const bytes = [...new Uint8Array(await response.clone().arrayBuffer())];
      return {
        status,
        statusText,
        ok,
        url,
        bytes,
        body: await response.json(),
        headers: Object.fromEntries(response.headers),
      };
    };
    const first = await ask();
    world.pass(3200);
    const second = await ask();
    expect(second).toEqual({ ...first, headers: { ...first.headers, age: "3" } });
    expect(world.upstream.arrived).toHaveLength(1);
  });

  it("gives each caller a body of its own", async () => {
    await world.read("airports");
    const [a, b] = [await world.client.fetch(`${world.upstream.url}/rest/v1/airports`), await world.read("airports")];
    a.headers.set("x", "changed");
    expect([await a.text(), b]).toEqual([one, one]);
    expect((await world.client.fetch(`${world.upstream.url}/rest/v1/airports`)).headers.get("x")).toBeNull();
  });

  it("works through supabase-js", async () => {
    const rows = async () => (await world.client.supabase.from("airports").select()).data;
    expect([await rows(), await rows()]).toEqual([[{ n: 1 }], [{ n: 1 }]]);
  });
});

describe("another caller or another question has an answer of its own", () => {
  const headers = (given: Record<string, string>) => ({ headers: given });
  it.each([
    ["another token of the same user", bearer({ sub: "ada", aal: "aal2" })],
    ["another user", bearer({ sub: "bob", aal: "aal1" })],
    ["nobody", {}],
    [
      "a key beside it",
      headers({ authorization: `Bearer ${tokenOf({ sub: "ada", aal: "aal1" })}`, apikey: "sb_publishable_x" }),
    ],
    ["another accept", { headers: { ...bearer({ sub: "ada", aal: "aal1" }).headers, accept: "text/csv" } }],
    ["another prefer", { headers: { ...bearer({ sub: "ada", aal: "aal1" }).headers, prefer: "count=exact" } }],
    ["another range", { headers: { ...bearer({ sub: "ada", aal: "aal1" }).headers, range: "0-4" } }],
    ["another schema", { headers: { ...bearer({ sub: "ada", aal: "aal1" }).headers, "accept-profile": "public" } }],
    [
      "a header that only a policy reads",
      { headers: { ...bearer({ sub: "ada", aal: "aal1" }).headers, "x-tenant": "7" } },
    ],
  ])("%s", async (_what, init) => {
    const mine = bearer({ sub: "ada", aal: "aal1" });
    expect([await world.read("airports", mine), await world.read("airports", init)]).toEqual([one, two]);
    expect([await world.read("airports", mine), await world.read("airports", init)]).toEqual([one, two]);
  });

  it("but tracing makes no difference", async () => {
    await world.read("airports", headers({ traceparent: "00-1-1-01", "x-request-id": "a" }));
    expect(await world.read("airports", headers({ traceparent: "00-2-2-01", "x-request-id": "b" }))).toBe(one);
  });
});

describe("is sent, and nothing kept of it,", () => {
  it.each([
    ["a table that the options do not name", "routes", {}],
    ["HEAD", "airports", { method: "HEAD" }],
    ["a function", "rpc/airports", {}],
    ["no-store", "airports", { headers: { "cache-control": "No-Store" } }],
    ["no-cache", "airports", { headers: { "cache-control": "max-age=9, no-cache" } }],
    ["pragma", "airports", { headers: { pragma: "no-cache" } }],
    ["a condition", "airports", { headers: { "if-none-match": "x" } }],
    ["a query plan", "airports", { headers: { accept: "application/vnd.pgrst.plan+json" } }],
    ["a token that cannot be read", "airports", { headers: { authorization: "Bearer a.b.c" } }],
    ["a password", "airports", { headers: { authorization: "Basic YTpi" } }],
  ])("%s", async (_what, target, init) => {
    await world.read(target, init);
    await world.read(target, init);
    expect(world.upstream.arrived).toHaveLength(2);
    expect(world.client.ledger.operations.map(({ outcomes }) => outcomes[0]?.attempts)).toEqual([1, 1]);
  });

  it.each(["auth/v1/user", "storage/v1/bucket", "functions/v1/airports", "rest/v1/", "graphql/v1"])(
    "GET /%s",
    async (path) => {
      for (let times = 0; times < 2; times += 1)
        await (await world.client.fetch(`${world.upstream.url}/${path}`)).text();
      expect(world.upstream.arrived).toHaveLength(2);
    },
  );

  it.each([
    ["400", 400, {}],
    ["500", 500, {}],
    ["a project's own no-store", 200, { "cache-control": "no-store" }],
    ["a cookie", 200, { "set-cookie": "a=b" }],
  ])("an answer with %s", async (_what, status, headers: Record<string, string>) => {
    world.upstream.answer = json(status, [], headers);
    await world.read("airports");
    await world.read("airports");
    expect(world.upstream.arrived).toHaveLength(2);
  });
});

describe("a token's end", () => {
  const ask = (exp: number) => world.read("airports", bearer({ sub: "ada", exp: exp / 1000 }));
  it("is the end of the answers that it was given", async () => {
    const exp = world.wall() + 500;
    expect([await ask(exp), await ask(exp)]).toEqual([one, one]);
    world.pass(499);
    expect(await ask(exp)).toBe(one);
    world.pass(1);
    expect(await ask(exp)).toBe(two);
    expect(await ask(exp)).toBe('[{"n":3}]');
  });
});

describe("equal reads at the same time", () => {
  it("are one request, each with a record of its own", async () => {
    const texts = await Promise.all(Array.from({ length: 20 }, () => world.read("airports")));
    expect(new Set(texts)).toEqual(new Set([one]));
    expect(world.upstream.arrived).toHaveLength(1);
    const attempts = world.client.ledger.operations.map(({ outcomes }) => outcomes.map((outcome) => outcome.attempts));
    expect(attempts.toSorted((a, b) => Number(b) - Number(a))).toEqual([[1], ...Array.from({ length: 19 }, () => [0])]);
  });

  it("ask for themselves where the first one gives up or fails", async () => {
    const arrived = Promise.withResolvers<void>();
    world.upstream.answer = (...given) => {
      if (world.upstream.arrived.length === 1) arrived.resolve();
      else json(200, [{ n: world.upstream.arrived.length }])(...given);
    };
    const leaving = new AbortController();
    const first = world.read("airports", { signal: leaving.signal }).catch(String);
    await arrived.promise;
    const others = [world.read("airports"), world.read("airports")];
    await new Promise((turn) => setTimeout(turn, 20));
    expect(world.upstream.arrived).toHaveLength(1);
    leaving.abort();
    expect(await first).toContain("AbortError");
    expect((await Promise.all(others)).toSorted((a, b) => a.localeCompare(b))).toEqual([two, '[{"n":3}]']);
  });

  it("wait no longer than their own deadline", async () => {
    world.upstream.answer = () => {};
    const first = world.read("airports", { headers: { "x-waybill-timeout-ms": "5000" } });
    await expect.poll(() => world.upstream.arrived.length).toBe(1);
    const second = world.read("airports", { headers: { "x-waybill-timeout-ms": "30" } });
    await expect(second).rejects.toMatchObject({ code: "OPERATION_TIMEOUT" });
    expect(world.client.ledger.operations[1]?.outcomes).toMatchObject([{ status: "timeout", attempts: 0 }]);
    world.upstream.answer = json(200, []);
    await world.client[Symbol.asyncDispose]();
    await expect(first).rejects.toThrow("fetch failed");
  });
});

describe("an answer past its time, where that is allowed", () => {
  const answered = (count: number) => expect.poll(() => world.upstream.arrived.length).toBe(count);

  it("is given once more, while one new one is fetched behind it as an operation of its own", async () => {
    const context = { request_id: "asked", user_id: "ada" };
    await world.read("fresh");
    world.pass(1500);
    await runInContext(context, async () => {
      expect(await Promise.all([world.read("fresh"), world.read("fresh"), world.read("fresh")])).toEqual([
        one,
        one,
        one,
      ]);
      await answered(2);
      const last = world.client.ledger.operations.at(-1);
      expect(last?.intent).toMatchObject(context);
      // what runs behind is not what the caller did last
      expect(lastOperationId()).not.toBe(last?.intent.operation_id);
      expect(currentContext()).toBe(context);
    });
    await expect.poll(() => world.read("fresh")).toBe(two);
    expect(world.upstream.arrived).toHaveLength(2);
    const outcomes = world.client.ledger.operations.flatMap(({ outcomes }) => outcomes.map(({ attempts }) => attempts));
    expect(outcomes.filter((attempts) => attempts === 1)).toHaveLength(2);
  });

  it("is given no longer than that", async () => {
    await world.read("fresh");
    world.pass(2000);
    expect(await world.read("fresh")).toBe(two);
  });

  it("outlives a failure of Supabase's, but not its refusal", async () => {
    await world.read("fresh");
    world.pass(1500);
    world.upstream.answer = json(500, { message: "oops" });
    expect(await world.read("fresh")).toBe(one);
    await answered(2);
    await expect.poll(() => world.client.ledger.operations.at(-1)?.outcomes.length).toBe(1);
    expect(await world.read("fresh")).toBe(one);
    await answered(3);
    world.upstream.answer = json(403, { code: "42501", message: "no" });
    await expect.poll(() => world.read("fresh")).toContain("42501");
  });
});

describe("limits", () => {
  it("on what is kept in all: the least recently used goes", async () => {
    await using small = await cached({ maxBytes: 3 * 1300 });
    for (const id of ["a", "b", "c"]) await small.read(`airports?id=${id}`);
    await small.read("airports?id=a");
    await small.read("airports?id=d");
    expect(small.upstream.arrived).toHaveLength(4);
    await small.read("airports?id=a");
    expect(small.upstream.arrived).toHaveLength(4);
    await small.read("airports?id=b");
    expect(small.upstream.arrived).toHaveLength(5);
  });

  it("on what is kept counts headers too, which repeat the query and may be longer than the body", async () => {
    await using small = await cached({ maxBytes: 3 * 1100 });
    small.upstream.answer = json(200, [], { "content-location": `/airports?${"x".repeat(2000)}` });
    await small.read("airports?id=a");
    await small.read("airports?id=b");
    await small.read("airports?id=a");
    expect(small.upstream.arrived).toHaveLength(3);
  });

  it("on one answer: a longer one is shared by those who wait for it, and not kept", async () => {
    await using small = await cached({ maxAnswerBytes: one.length - 1 });
    expect(await Promise.all([small.read("airports"), small.read("airports")])).toEqual([one, one]);
    expect(await small.read("airports")).toBe(two);
  });
});
