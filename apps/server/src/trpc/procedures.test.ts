import { expect, inject, it } from "vitest";
import { openBehind } from "../testing/behind.ts";
import { refusalOf } from "../testing/refusal.ts";
import { openStage } from "../testing/stage.ts";

it("names the operation by which a caller could not be told, and nothing of what Postgres said", async () => {
  const stack = inject("stack");
  let fails = false;
  await using behind = await openBehind(stack, ({ url }) =>
    fails && url.pathname.endsWith("/authentication_contexts")
      ? { status: 500, body: { code: "XX000", message: "an inner secret" } }
      : undefined,
  );
  const env = { WAYBILL_ALLOW_HTTP_LOOPBACK: "1" };
  const through = { ...stack, url: behind.url };
  await using signingIn = await openStage({ stack: through, env });
  const { sessionToken } = await signingIn.newUser();
  // one that does not know the session yet
  await using stage = await openStage({ stack: through, env });
  fails = true;
  const request_id = "who-calls";
  const { sessions } = stage.client(sessionToken, { "x-request-id": request_id });
  for (const call of [() => sessions.me.query(), () => sessions.logout.mutate()]) {
    const refused = await refusalOf(call());
    expect(refused).toMatchObject({
      code: "SUPABASE_ERROR",
      request_id,
      operation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.stringify(refused)).not.toContain("inner secret");
  }
});
