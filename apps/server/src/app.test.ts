import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { errorDataSchema } from "@waybill/contracts";
import { openStage, type Stage } from "./testing/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ env: { WAYBILL_ALLOWED_ORIGINS: "https://app.example.com", WAYBILL_BATCH_CALLS: "3" } });
});
afterAll(() => stage[Symbol.asyncDispose]());

const envelope = z.object({ error: z.object({ message: z.string(), code: z.int(), data: errorDataSchema }) });

async function send(path: string, init: RequestInit = {}) {
  const response = await fetch(`${stage.url}${path}`, init);
  const text = await response.text();
  const refusal = () => envelope.parse(JSON.parse(text)).error.data;
  return { status: response.status, headers: response.headers, text, refusal };
}

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": "application/json", ...headers },
});

describe("what every answer has", () => {
  it("answers /health and /ready once Supabase knows this server", async () => {
    expect(JSON.parse((await send("/health")).text)).toEqual({ status: "ok" });
    await expect.poll(async () => (await send("/ready")).status, { timeout: 25_000 }).toBe(200);
  });

  it("gives back the caller's request id, and replaces one that could not stand in a log line", async () => {
    const id = "ui-7f3a/42";
    expect((await send("/health", { headers: { "x-request-id": id } })).headers.get("x-request-id")).toBe(id);
    for (const bad of ["two words", "ü", "x".repeat(129)]) {
      const given = (await send("/health", { headers: { "x-request-id": bad } })).headers.get("x-request-id");
      expect(given).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("says nothing of what runs here, and lets no page frame or sniff it", async () => {
    const { headers } = await send("/health");
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("etag")).toBeNull();
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("lets pages of the allowed origins in, and no others", async () => {
    const preflight = (origin: string) =>
      send("/trpc/system.health", { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
    const allowed = await preflight("https://app.example.com");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect((await preflight("https://evil.example.com")).headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("requests that cannot be read", () => {
  it("answers 404 in the one shape of errors, request id included", async () => {
    const { status, refusal, headers } = await send("/nowhere");
    expect(status).toBe(404);
    expect(refusal()).toMatchObject({ code: "NOT_FOUND", request_id: headers.get("x-request-id") });
    expect((await send("/trpc/no.such")).refusal()).toMatchObject({ code: "NOT_FOUND" });
    expect((await send("/trpc/__proto__.constructor")).refusal()).toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses a body beyond the limit, plain or hidden in gzip, and goes on serving", async () => {
    const big = JSON.stringify({ email: "x".repeat(1_100_000) });
    for (const init of [post(big), post(new Uint8Array(gzipSync(big)), { "content-encoding": "gzip" })]) {
      const { status, refusal } = await send("/trpc/sessions.login", init);
      expect(status).toBe(413);
      expect(refusal()).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    }
    expect((await send("/health")).status).toBe(200);
  });

  it("refuses invalid UTF-8 and invalid JSON", async () => {
    const broken = await send("/trpc/sessions.login", post(new Uint8Array([0x22, 0xc3, 0x28, 0x22])));
    expect(broken.status).toBe(400);
    expect(broken.refusal()).toMatchObject({ code: "MALFORMED_REQUEST", issues: [{ rule: "utf8" }] });
    const inUrl = await send(
      "/trpc/data.get?input=%7B%22model%22%3A%22airports%22%2C%22key%22%3A%7B%22iata%22%3A%22%FF%22%7D%7D",
    );
    expect([inUrl.status, inUrl.refusal().issues?.[0]?.rule]).toEqual([400, "utf8"]);
    for (const text of ['{"email":', "\u0000", "{]"]) {
      const { status, refusal } = await send("/trpc/sessions.login", post(text));
      expect(status).toBe(400);
      expect(refusal()).toMatchObject({ code: "MALFORMED_REQUEST", issues: [{ rule: "json" }] });
    }
    const query = await send("/trpc/system.health?input=%7B%22");
    expect([query.status, query.refusal().code]).toEqual([400, "MALFORMED_REQUEST"]);
    expect((await send("/trpc/%E0%A4%A.health")).status).toBe(400);
  });

  it("names the field that holds a NUL, half a character or a thousand brackets", async () => {
    const inputs: [text: string, field: string][] = [
      [String.raw`{"email":"a\u0000@example.com","password":"password"}`, "email"],
      [String.raw`{"email":"a@example.com","password":"pass\ud800word"}`, "password"],
      [`{"email":${"[".repeat(1000)}${"]".repeat(1000)},"password":"x"}`, "email"],
    ];
    for (const [text, field] of inputs) {
      const { status, refusal } = await send("/trpc/sessions.login", post(text));
      expect(status).toBe(400);
      expect(refusal()).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: expect.stringMatching(field) }] });
    }
  });

  it("refuses other methods and other kinds of bodies", async () => {
    for (const method of ["PUT", "DELETE", "PATCH"])
      expect((await send("/trpc/system.health", { method })).status).toBe(405);
    expect((await send("/trpc/sessions.login")).status).toBe(405);
    expect(
      (await send("/trpc/sessions.login", { method: "POST", body: "a=b", headers: { "content-type": "text/plain" } }))
        .status,
    ).toBe(415);
    const form = new FormData();
    form.set("email", "x");
    expect((await send("/trpc/sessions.login", { method: "POST", body: form })).status).toBe(415);
  });

  it("refuses a batch beyond the limit, streamed or not, under its request id, and says what to do", async () => {
    const paths = Array.from({ length: 4 }, () => "system.health").join(",");
    const logins = Array.from({ length: 4 }, () => "sessions.login").join(",");
    for (const accept of ["application/json", "application/jsonl"]) {
      const headers = { "trpc-accept": accept, "x-request-id": "too-many" };
      for (const { status, refusal } of [
        await send(`/trpc/${paths}?batch=1&input=%7B%7D`, { headers }),
        await send(`/trpc/${logins}?batch=1`, post("{}", headers)),
      ]) {
        expect(status).toBe(400);
        expect(refusal()).toMatchObject({
          code: "MALFORMED_REQUEST",
          hint: expect.stringContaining("fewer in one batch"),
          issues: [{ rule: "protocol" }],
          request_id: "too-many",
        });
      }
    }
  });

  it("refuses what is no call of tRPC's under its request id", async () => {
    for (const path of ["/trpc/system.health?connectionParams=1", "/trpc/system.health?connectionParams=%7B"]) {
      const { status, refusal, headers } = await send(path);
      expect([status, refusal().request_id]).toEqual([400, headers.get("x-request-id")]);
    }
    const alone = await send("/trpc/system.health", { headers: { "trpc-accept": "application/jsonl" } });
    expect([alone.status, alone.refusal().request_id]).toEqual([400, alone.headers.get("x-request-id")]);
  });

  it("refuses a URL that is too long", async () => {
    const long = await send(`/trpc/system.health?input=${"x".repeat(17_000)}`);
    expect([long.status, long.refusal().code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  });

  it("answers a line that is no HTTP with 400 and closes", async () => {
    const { port } = new URL(stage.url);
    const answer = await new Promise<string>((resolve, reject) => {
      let said = "";
      const socket = connect(Number(port), "127.0.0.1", () => socket.write("NONSENSE\r\n\r\n"));
      socket.on("data", (chunk) => (said += chunk.toString()));
      socket.on("error", reject);
      socket.on("close", () => resolve(said));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("batches", () => {
  it("answers each call of a stream by itself: one refused, one served", async () => {
    const { status, text } = await send("/trpc/system.health,sessions.me?batch=1&input=%7B%7D", {
      headers: { "trpc-accept": "application/jsonl" },
    });
    expect(status).toBe(200);
    expect(text).toContain('"ready":');
    expect(text).toContain('"code":"UNAUTHENTICATED"');
  });
});
