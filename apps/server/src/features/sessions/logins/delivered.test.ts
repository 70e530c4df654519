import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { sessionCookie } from "../../../http/cookies.ts";
import { openBehind } from "../../../testing/behind.ts";
import { openPage } from "../../../testing/browser.ts";
import { refusalOf } from "../../../testing/refusal.ts";
import { openStage, type Stage } from "../../../testing/stage.ts";

const stack = inject("stack");
let behind: Awaited<ReturnType<typeof openBehind>>;
let stage: Stage;
let hangs = false;
beforeAll(async () => {
  behind = await openBehind(
    stack,
    () => undefined,
    ({ url }) => (hangs && url.pathname === "/auth/v1/logout" ? new Promise(() => {}) : undefined),
  );
  stage = await openStage({
    stack: { ...stack, url: behind.url },
    env: { WAYBILL_ALLOW_HTTP_LOOPBACK: "1", SUPABASE_JWT_ISSUER: `${stack.url}/auth/v1` },
  });
});
afterAll(async () => {
  for (const opened of [stage, behind]) await opened[Symbol.asyncDispose]();
});

it("hands a new session over though Supabase Auth does not answer the end of the one before", async () => {
  const { email, password, userId } = await stage.newUser();
  const page = openPage(stage.url);
  const login = { input: { email, password, deliver: "cookie" } };
  await page.mutate("sessions.login", login);
  const before = page.jar.get(sessionCookie);
  hangs = true;
  const begun = performance.now();
  expect((await page.mutate("sessions.login", login)).status).toBe(200);
  // an operation has a minute
  expect(performance.now() - begun).toBeLessThan(30_000);
  expect(page.jar.get(sessionCookie)).not.toBe(before);
  expect((await page.query("sessions.me")).text).toContain(userId);
  expect(await refusalOf(stage.client(before).sessions.logout.mutate())).toMatchObject({ code: "SESSION_OVER" });
}, 60_000);
