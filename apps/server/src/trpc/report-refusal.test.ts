import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { z } from "zod";
import { refusalOf } from "../testing/refusal.ts";
import { openPage } from "../testing/browser.ts";
import { openStage, type Stage } from "../testing/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ env: { WAYBILL_TRUST_PROXY: "1", WAYBILL_LOGIN_FLOOR_MS: "0" } });
});
afterAll(() => stage[Symbol.asyncDispose]());

const lineSchema = z.looseObject({ level: z.number(), request_id: z.string().nullish(), msg: z.string() });
const linesOf = (request_id: string | null) =>
  stage
    .log()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => lineSchema.parse(JSON.parse(line)))
    .filter((line) => line.request_id === request_id && "code" in line);
const info = 30;
const debug = 20;
const from = { "x-forwarded-for": "192.0.2.44" };

it("tells who lacked which permission, and from where", async () => {
  const ada = await stage.newUser();
  const { request_id } = await refusalOf(stage.client(ada.sessionToken, from).operations.retention.query());
  expect(linesOf(request_id)).toEqual([
    expect.objectContaining({
      level: info,
      code: "FORBIDDEN",
      path: "operations.retention",
      user_id: ada.userId,
      address: "192.0.2.44",
      msg: expect.stringContaining("operations.read"),
    }),
  ]);
});

it("tells where a login failed, and nothing of what was typed", async () => {
  const typed = { email: "typed@example.com", password: "typed as a password" };
  // as some proxies write it
  const withPort = { "x-forwarded-for": "192.0.2.44:50123" };
  const { request_id } = await refusalOf(stage.client(undefined, withPort).sessions.login.mutate(typed));
  const lines = linesOf(request_id);
  expect(lines).toEqual([
    expect.objectContaining({ level: info, code: "INVALID_CREDENTIALS", user_id: null, address: "192.0.2.44" }),
  ]);
  expect(JSON.stringify(lines)).not.toContain("typed");
});

it("tells of a page of another origin that tried", async () => {
  const ada = await stage.newUser();
  const page = openPage(stage.url);
  const deliver = { email: ada.email, password: ada.password, deliver: "cookie" };
  await page.mutate("sessions.login", { input: deliver });
  const headers = { origin: "https://evil.example.com", ...from };
  const { headers: answered } = await page.mutate("sessions.logout", { headers });
  expect(linesOf(answered.get("x-request-id"))).toEqual([
    expect.objectContaining({
      level: info,
      code: "CSRF_REFUSED",
      path: "/trpc/sessions.logout",
      address: "192.0.2.44",
    }),
  ]);
});

it("tells of each kind of token that nobody should have", async () => {
  const claims = { iss: `${inject("stack").url}/auth/v1`, sub: crypto.randomUUID() };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (alg: string, payload: unknown = claims) => `${part({ alg })}.${part(payload)}.${part("no signature")}`;
  for (const [code, bearer] of [
    ["TOKEN_FORGED", token("HS256")],
    ["TOKEN_FOREIGN", token("HS256", { ...claims, iss: "https://other.example.com/auth/v1" })],
    ["TOKEN_UNSIGNED", token("none")],
    ["TOKEN_ALGORITHM", token("HS512")],
    ["TOKEN_INVALID", "garbage"],
  ] as const) {
    const { request_id } = await refusalOf(stage.client(bearer, from).sessions.me.query());
    const lines = linesOf(request_id);
    expect(lines).toEqual([expect.objectContaining({ level: info, code, user_id: null, address: "192.0.2.44" })]);
    expect(JSON.stringify(lines)).not.toContain(bearer);
  }
});

it("leaves malformed input to those who look for it, since anybody can send as much of it as it likes", async () => {
  const page = openPage(stage.url);
  const { headers } = await page.mutate("sessions.login", { input: { email: 1 } });
  expect(linesOf(headers.get("x-request-id"))).toEqual([
    expect.objectContaining({ level: debug, code: "VALIDATION_FAILED" }),
  ]);
});
