import { errorDataSchema } from "@waybill/contracts";
import { start } from "@waybill/local-supabase";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { headOf, sendRaw } from "../testing/raw-request.ts";
import { openSql, type Sql } from "../testing/sql.ts";
import { openStage, type Person, type Stage } from "../testing/stage.ts";
import { checksums } from "./checksums.ts";

const refusalSchema = z.object({ error: z.object({ data: errorDataSchema.extend({ httpStatus: z.int() }) }) });
const MiB = 1_048_576;

let stage: Stage;
let sql: Sql;
let ada: Person;
let before: Record<string, string>;
const opened = new AsyncDisposableStack();
beforeAll(async () => {
  // a stack of its own: the checksums would see what other tests write
  const stack = opened.use(await start());
  stage = opened.use(await openStage({ stack }));
  ada = await stage.newUser();
  sql = openSql(stack.dbUrl);
  opened.defer(() => sql.end());
  before = await checksums(sql);
});
afterAll(() => opened.disposeAsync());

function post(path: string, body: string, headers: readonly string[] = []): string {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return headOf(`POST /trpc/${path} HTTP/1.1`, ["content-type: application/json", length, ...headers]) + body;
}
const get = (path: string, headers: readonly string[]) => headOf(`GET ${path} HTTP/1.1`, headers);

/** Sends it and reads the refusal, which must be the one that its status says. */
async function refused(bytes: string | Buffer) {
  const { status, body, head } = await sendRaw(stage.url, bytes);
  const { data } = refusalSchema.parse(JSON.parse(body)).error;
  expect(data.httpStatus).toBe(status);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(head.toLowerCase()).toContain(`x-request-id: ${data.request_id}`);
  return data;
}

const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

describe("bodies", () => {
  it.each([
    ["half a million brackets", `{"email":${deep(500_000)},"password":"x"}`, "VALIDATION_FAILED"],
    ["half a million brackets that never close", "[".repeat(MiB - 100), "MALFORMED_REQUEST"],
    ["objects in objects", `{"email":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`, "VALIDATION_FAILED"],
    ["a million values", `{"email":[${Array(500_000).fill(0).join(",")}]}`, "VALIDATION_FAILED"],
    ["fifty thousand keys", JSON.stringify(Object.fromEntries(Array(50_000).entries())), "VALIDATION_FAILED"],
    ["one string as long as may be", JSON.stringify({ email: "a".repeat(MiB - 100) }), "VALIDATION_FAILED"],
    ["a number as long as may be", `{"email":${"9".repeat(MiB - 100)}}`, "VALIDATION_FAILED"],
    ["more than may be", JSON.stringify({ email: "a".repeat(10 * MiB) }), "PAYLOAD_TOO_LARGE"],
  ])("of %s are refused", async (_, body, code) => {
    expect(await refused(post("sessions.login", body))).toMatchObject({ code });
  });

  it("that say they are larger are refused before they come", async () => {
    const head = headOf("POST /trpc/sessions.login HTTP/1.1", ["content-type: application/json"]);
    const claim = head.replace("connection:", "content-length: 9999999999\r\nconnection:");
    expect(await refused(claim)).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  });

  it("that were refused and come on and on are cut off", async () => {
    const claim = "POST /trpc/sessions.login HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n";
    // neither side says that it closes; the answer's promise is the end of the connection
    const bytes = `${claim}content-type: application/json\r\n\r\n${"x".repeat(3 * MiB)}`;
    expect(await refused(bytes)).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  });

  it("in chunks count as they come", async () => {
    const head = headOf("POST /trpc/sessions.login HTTP/1.1", [
      "content-type: application/json",
      "transfer-encoding: chunked",
    ]);
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    expect(await refused(head + chunk.repeat(40))).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  });

  it("with two lengths, or a length and chunks, are refused as no HTTP", async () => {
    for (const twice of [
      ["content-length: 2", "content-length: 3"],
      ["content-length: 2", "transfer-encoding: chunked"],
    ]) {
      const bytes = `${headOf("POST /trpc/sessions.login HTTP/1.1", ["content-type: application/json", ...twice])}{}`;
      expect(await refused(bytes)).toMatchObject({ code: "MALFORMED_REQUEST", httpStatus: 400 });
    }
  });
});

describe("headers", () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `x-flood-${at}: 1`);

  it("in a flood are refused, not dropped", async () => {
    for (const count of [200, 20_000]) {
      const refusal = await refused(get("/trpc/system.health", many(count)));
      expect(refusal).toMatchObject({ code: "PAYLOAD_TOO_LARGE", httpStatus: 431 });
    }
    expect((await sendRaw(stage.url, get("/trpc/system.health", many(80)))).status).toBe(200);
  });

  it.each([
    "authorization: Bearer wbs_a",
    "cookie: a=1",
    "user-agent: x",
    "content-type: application/json",
    "origin: http://a.example",
  ])("that stand once stand once: %s", async (header) => {
    const name = header.split(":")[0] ?? "";
    expect(await refused(get("/trpc/sessions.me", [header, header.toUpperCase()]))).toMatchObject({
      code: "MALFORMED_REQUEST",
      issues: [{ field: name, rule: "header" }],
    });
  });

  it("of cookies hold none of ours twice", async () => {
    for (const name of ["waybill_session", "__Host-waybill", "__Host-x", "__Secure-x"]) {
      const refusal = await refused(get("/trpc/system.health", [`cookie: ${name}=a; b=1;  ${name} =c`]));
      expect(refusal).toMatchObject({ code: "MALFORMED_REQUEST", issues: [{ field: "cookie" }] });
    }
    // what others on the domain do with theirs is their own matter
    expect(
      (await sendRaw(stage.url, get("/trpc/system.health", ["cookie: ad=1; ad=2; waybill_session="]))).status,
    ).toBe(200);
  });

  it("with a token of ten megabytes are refused before they are read", async () => {
    const token = "a".repeat(10 * MiB);
    expect(await refused(get("/trpc/sessions.me", [`authorization: Bearer ${token}`]))).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      httpStatus: 431,
    });
    expect(await refused(get("/trpc/sessions.me", [`authorization: Bearer ${token.slice(0, 20_000)}`]))).toMatchObject({
      code: "UNAUTHENTICATED",
    });
    expect(await refused(get(`/trpc/sessions.me?input=${token.slice(0, 17_000)}`, []))).toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      httpStatus: 413,
    });
  });
});

describe("an e-mail address and a user agent", () => {
  it.each([
    "a@example.com\r\nbcc: b@example.com",
    "a@example.com\n",
    "a\u0000@example.com",
    "\u202Emoc.elpmaxe@a",
    "a@example.com\u200B",
    "\u0430dmin@example.com",
    "a@ex\u0430mple.com",
    "a@b@example.com",
    '"a\\"\r\n"@example.com',
    "a@[127.0.0.1]",
    " a@example.com",
    `${"a".repeat(300)}@example.com`,
    "a@example.com,b@example.com",
    "\ud83d\ude00@example.com",
  ])("refuses the address %j, for a login and a sign-up", async (email) => {
    for (const path of ["sessions.login", "sessions.signUp"]) {
      const refusal = await refused(post(path, JSON.stringify({ email, password: ada.password })));
      expect(refusal).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "email" }] });
    }
  });

  it.each([
    ["a bare CR", "x\rset-cookie: a=1"],
    ["a NUL", "x\u0000y"],
    ["an escape sequence", "\u001B[2Jx"],
    ["a deletion", "x\u007F"],
    ["what turns the text around", "x\u202Ey"],
    ["bytes that are no UTF-8", Buffer.from("x\u00ff", "latin1").toString("latin1")],
  ])("refuses a user agent with %s", async (_, userAgent) => {
    const { email, password } = ada;
    const body = JSON.stringify({ email, password });
    expect(await refused(post("sessions.login", body, [`user-agent: ${userAgent}`]))).toMatchObject({
      code: "MALFORMED_REQUEST",
      httpStatus: 400,
    });
  });
});

it("has left nothing of all that behind", async () => {
  expect(await checksums(sql)).toEqual(before);
});
