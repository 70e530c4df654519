import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { json, stubUpstream, type StubUpstream } from "../testing/stub-upstream.ts";
import { tracked, type Tracked } from "../testing/tracked.ts";

// What postgrest-js, auth-js, storage-js, functions-js and user code may ask of a Response: the same cases over the
// platform's fetch and over each of our own ways.
let upstream: StubUpstream;
let ours: Tracked;
beforeAll(async () => {
  upstream = await stubUpstream();
  ours = tracked(upstream.url);
});
afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

type Fetch = (path: string, init?: RequestInit) => Promise<Response>;
const ways: [string, string, () => Fetch][] = [
  ["the platform's fetch", "/rest/v1/x", () => (path, init) => fetch(upstream.url + path, init)],
  ["the light way (Data API)", "/rest/v1/x", () => (path, init) => ours.fetch(upstream.url + path, init)],
  ["the whole way (auth)", "/auth/v1/user", () => (path, init) => ours.fetch(upstream.url + path, init)],
  [
    "the streaming way (download)",
    "/storage/v1/object/b/x",
    () => (path, init) => ours.fetch(upstream.url + path, init),
  ],
];

it("follows no redirect to another origin", async () => {
  await using elsewhere = await stubUpstream();
  await using staying = tracked(upstream.url, { joinRetries: false });
  const path = "/storage/v1/object/b/x";
  upstream.answer = (_request, response) => void response.writeHead(302, { location: elsewhere.url + path }).end();
  await expect(staying.fetch(upstream.url + path)).rejects.toThrow("fetch failed");
  expect(elsewhere.arrived).toEqual([]);
  expect(staying.ledger.only().outcome).toMatchObject({ status: "error", attempts: 1 });
});

describe.each(ways)("%s", (_name, path, way) => {
  const get: Fetch = (below, init) => way()(path + below, init);

  it("gives status, ok, url and headers", async () => {
    upstream.answer = (_request, response) => {
      response.writeHead(201, "Made", { "Content-Type": "application/json", "X-Many": ["a", "b"] });
      response.end("{}");
    };
    const response = await get("?q=1");
    expect(response).toMatchObject({
      status: 201,
      statusText: "Made",
      ok: true,
      bodyUsed: false,
      url: `${upstream.url}${path}?q=1`,
    });
    expect(response.redirected).toBe(false);
    expect(response.type).toBe("basic");
    expect(response instanceof Response).toBe(true);
    expect(response.headers instanceof Headers).toBe(true);
    expect(response.headers.get("CONTENT-TYPE")).toBe("application/json");
    expect(response.headers.get("x-many")).toBe("a, b");
    expect(response.headers.get("missing")).toBeNull();
    expect(response.headers.has("X-Many")).toBe(true);
    expect([...response.headers.keys()]).toContain("x-many");
    expect(Object.fromEntries(response.headers)).toMatchObject({ "content-type": "application/json" });
    expect(new Headers(response.headers).get("x-many")).toBe("a, b");
    await response.text();
    expect(response.bodyUsed).toBe(true);
  });

  it("reads the body in every form", async () => {
    upstream.answer = json(200, { name: "Jörg" });
    expect(await (await get("")).json()).toEqual({ name: "Jörg" });
    expect(await (await get("")).text()).toBe('{"name":"Jörg"}');
    expect(Buffer.from(await (await get("")).arrayBuffer()).toString()).toBe('{"name":"Jörg"}');
    expect(Buffer.from(await (await get("")).bytes()).toString()).toBe('{"name":"Jörg"}');
    const blob = await (await get("")).blob();
    expect([blob.type, await blob.text()]).toEqual(["application/json", '{"name":"Jörg"}']);
    let streamed = "";
    for await (const chunk of (await get("")).body ?? []) streamed += Buffer.from(chunk).toString();
    expect(streamed).toBe('{"name":"Jörg"}');
  });

  it("reads a form", async () => {
    upstream.answer = (_request, response) => {
      response.setHeader("content-type", "application/x-www-form-urlencoded");
      response.end("a=1&b=2");
    };
    expect([...(await (await get("")).formData()).keys()]).toEqual(["a", "b"]);
  });

  it("clones before reading, and refuses after", async () => {
    upstream.answer = json(200, [1]);
    const response = await get("");
    const clone = response.clone();
    expect([await response.text(), await clone.text()]).toEqual(["[1]", "[1]"]);
    expect(() => response.clone()).toThrow(TypeError);
    await expect(response.text()).rejects.toThrow(TypeError);
    await expect(response.json()).rejects.toThrow(TypeError);
    await expect(response.arrayBuffer()).rejects.toThrow(TypeError);
  });

  it("rejects json() of what is none", async () => {
    upstream.answer = (_request, response) => response.end("<html>");
    await expect((await get("")).json()).rejects.toThrow(SyntaxError);
  });

  it("gives an error's status and body", async () => {
    upstream.answer = json(409, { code: "23505" });
    const response = await get("");
    expect([response.ok, response.status, await response.json()]).toEqual([false, 409, { code: "23505" }]);
  });

  it("gives an empty answer", async () => {
    upstream.answer = (_request, response) => response.writeHead(204).end();
    const response = await get("");
    expect([response.status, response.ok, await response.text()]).toEqual([204, true, ""]);
  });

  it("strips a byte order mark and decodes compression", async () => {
    upstream.answer = (_request, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(gzipSync("\uFEFFé"));
    };
    expect(await (await get("")).text()).toBe("é");
  });

  it("answers HEAD", async () => {
    upstream.answer = (_request, response) => response.writeHead(200, { "content-range": "0-1/2" }).end();
    const response = await get("", { method: "HEAD" });
    expect([response.status, response.headers.get("content-range"), await response.text()]).toEqual([200, "0-1/2", ""]);
  });

  it.each([
    ["text", "é", "text/plain;charset=UTF-8", "é"],
    ["bytes", new Uint8Array([104, 105]), undefined, "hi"],
    ["a buffer's part", Buffer.from("xhix").subarray(1, 3), undefined, "hi"],
    ["an ArrayBuffer", new Uint8Array([104, 105]).buffer, undefined, "hi"],
    [
      "search parameters",
      new URLSearchParams({ a: "1 2" }),
      "application/x-www-form-urlencoded;charset=UTF-8",
      "a=1+2",
    ],
    ["a blob", new Blob(["hi"], { type: "text/x" }), "text/x", "hi"],
  ])("sends %s", async (_what, body, type, expected) => {
    upstream.answer = json(200, {});
    await (await get("", { method: "POST", body })).text();
    const sent = upstream.arrived.at(-1);
    expect([sent?.body.toString(), sent?.headers["content-type"]]).toEqual([expected, type]);
  });

  it("sends a form and a stream", async () => {
    upstream.answer = json(200, {});
    const form = new FormData();
    form.set("file", new Blob(["hi"]), "a.txt");
    await (await get("", { method: "POST", body: form })).text();
    expect(upstream.arrived.at(-1)?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(upstream.arrived.at(-1)?.body.toString()).toContain('filename="a.txt"');
    const stream = new Blob(["streamed"]).stream();
    await (await get("", { method: "POST", body: stream, duplex: "half" })).text();
    expect(upstream.arrived.at(-1)?.body.toString()).toBe("streamed");
  });

  it("takes headers in each form, and a Request", async () => {
    upstream.answer = json(200, {});
    for (const headers of [{ "X-A": "1" }, new Headers({ "x-a": "1" }), [["x-a", "1"]] satisfies [string, string][]]) {
      await (await get("", { headers })).text();
      expect(upstream.arrived.at(-1)?.headers["x-a"]).toBe("1");
    }
  });

  it("rejects with the signal's reason when aborted before and while waiting", async () => {
    upstream.answer = () => {};
    await expect(get("", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    await expect(get("", { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
    const controller = new AbortController();
    upstream.answer = () => controller.abort();
    await expect(get("", { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  it("rejects with a TypeError and its cause when the connection breaks", async () => {
    upstream.answer = (_request, _response, socket) => socket.destroy();
    const error = await get("").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: "fetch failed", cause: expect.any(Error) });
  });
});

it("takes a Request object, as the platform does", async () => {
  upstream.answer = json(200, []);
  const request = new Request(`${upstream.url}/rest/v1/x`, { method: "POST", body: "hi", headers: { "x-a": "1" } });
  expect(await (await ours.fetch(request)).json()).toEqual([]);
  expect(upstream.arrived.at(-1)).toMatchObject({ method: "POST", body: Buffer.from("hi"), headers: { "x-a": "1" } });
});
