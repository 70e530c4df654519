import { setTimeout as sleep } from "node:timers/promises";
import { inject, expect, it } from "vitest";
import { openBehind } from "../testing/behind.ts";
import { refusalOf } from "../testing/refusal.ts";
import { credentials, openStage, type Stage } from "../testing/stage.ts";

const noFloor = { WAYBILL_LOGIN_FLOOR_MS: "0" };
const behindProxy = { WAYBILL_TRUST_PROXY: "1", ...noFloor };

const login = (stage: Stage, email: string, password: string, from = "192.0.2.1") =>
  stage.client(undefined, { "x-forwarded-for": from }).sessions.login.mutate({ email, password });

async function refusedLogin(...call: Parameters<typeof login>) {
  const { request_id: _, ...told } = await refusalOf(login(...call));
  return told;
}

it("answers a wrong password, an unknown address and a try in a pause alike, and the owner elsewhere gets in", async () => {
  await using stage = await openStage({ env: { ...behindProxy, WAYBILL_LOGIN_TRIES: "2" } });
  const { email, password, userId } = await stage.newUser();
  const [nobody] = credentials();
  const wrong = await refusedLogin(stage, email, "not this one");
  expect(wrong).toMatchObject({ code: "INVALID_CREDENTIALS", httpStatus: 401, operation_id: null });
  expect(await refusedLogin(stage, nobody, password)).toEqual(wrong);
  for (let tries = 0; tries < 2; tries += 1) {
    expect(await refusedLogin(stage, email, "not this one")).toEqual(wrong);
    expect(await refusedLogin(stage, nobody, "not this one")).toEqual(wrong);
  }
  // the pause has begun: the right password is not looked at, and an account that is none has pauses too
  expect(await refusedLogin(stage, email, password)).toEqual(wrong);
  expect(await refusedLogin(stage, nobody, password)).toEqual(wrong);
  expect((await login(stage, email, password, "192.0.2.2")).session.user_id).toBe(userId);
  // a pause, not a lock
  await expect
    .poll(
      () =>
        login(stage, email, password).then(
          () => "in",
          () => "out",
        ),
      { timeout: 10_000 },
    )
    .toBe("in");
});

it("asks Supabase Auth nothing during a pause", async () => {
  let asked = 0;
  await using behind = await openBehind(inject("stack"), ({ url }) => {
    if (url.pathname.endsWith("/token")) asked += 1;
    return undefined;
  });
  const stack = { ...inject("stack"), url: behind.url };
  const env = { ...behindProxy, WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_LOGIN_TRIES: "1" };
  await using stage = await openStage({ stack, env });
  const [nobody, password] = credentials();
  await Promise.all(Array.from({ length: 12 }, () => refusedLogin(stage, nobody, password)));
  expect(asked).toBe(2);
});

it("makes an address wait that fails with many accounts, and says so", async () => {
  await using stage = await openStage({ env: { ...behindProxy, WAYBILL_LOGIN_ADDRESS_TRIES: "2" } });
  const { email, password, userId } = await stage.newUser();
  for (let tries = 0; tries < 3; tries += 1) {
    expect(await refusedLogin(stage, credentials()[0], password)).toMatchObject({ code: "INVALID_CREDENTIALS" });
  }
  const answer = await fetch(`${stage.url}/trpc/sessions.login`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": "192.0.2.1" },
    body: JSON.stringify({ email, password }),
  });
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await answer.json()).toMatchObject({ error: { data: { code: "RATE_LIMITED" } } });
  expect((await login(stage, email, password, "192.0.2.2")).session.user_id).toBe(userId);
});

it("counts a wrong code, and a wrong current password, as a failed login", async () => {
  await using stage = await openStage({ env: { ...behindProxy, WAYBILL_LOGIN_TRIES: "1" } });
  const [ada, bea] = await Promise.all([stage.newUser(), stage.newUser()]);
  const from = { "x-forwarded-for": "192.0.2.1" };
  const { data } = await stage.services.waybill
    .service()
    .auth.admin.generateLink({ type: "magiclink", email: ada.email });
  const code = data.properties?.email_otp ?? "";
  const byCode = (tried: string, headers: Record<string, string> = from) =>
    stage.client(undefined, headers).sessions.loginWithCode.mutate({ email: ada.email, code: tried });
  const told = [];
  for (const tried of [code === "111111" ? "222222" : "111111", "333333", code]) {
    const { request_id: _, ...refusal } = await refusalOf(byCode(tried));
    told.push(refusal);
  }
  expect(told[0]).toMatchObject({ code: "CODE_INVALID", httpStatus: 401, operation_id: null });
  // the right one came in a pause, and was not looked at
  expect([told[1], told[2]]).toEqual([told[0], told[0]]);
  expect((await byCode(code, { "x-forwarded-for": "192.0.2.2" })).session.user_id).toBe(ada.userId);

  const api = stage.client(bea.sessionToken, from);
  for (const current_password of ["not this one", "nor this", bea.password]) {
    const change = api.sessions.changePassword.mutate({ current_password, new_password: "another horse" });
    expect(await refusalOf(change)).toMatchObject({ code: "INVALID_CREDENTIALS" });
  }
});

it("answers who asks for a code at the floor, however long its mail takes to send", async () => {
  await using behind = await openBehind(inject("stack"), async ({ url, body }) => {
    if (!url.pathname.endsWith("/otp")) return undefined;
    if (body.includes("known")) await sleep(1500);
    return { status: 200, body: {} };
  });
  const env = { SUPABASE_URL: behind.url, WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_LOGIN_FLOOR_MS: "400" };
  await using stage = await openStage({ env });
  for (const email of ["known@example.com", "nobody@example.com"]) {
    const begun = performance.now();
    expect(await stage.client().sessions.requestCode.mutate({ email })).toEqual({ requested: true });
    const took = performance.now() - begun;
    expect(took >= 399 && took < 1500).toBe(true);
  }
});

it.each([
  ["a ban, which Supabase Auth tells before it looks at the password", 400, "user_banned", "INVALID_CREDENTIALS"],
  ["an address that was never confirmed", 400, "email_not_confirmed", "INVALID_CREDENTIALS"],
  ["a limit of its own", 429, "over_request_rate_limit", "RATE_LIMITED"],
  ["logins by password that are switched off", 422, "email_provider_disabled", "FORBIDDEN"],
  ["an outage", 503, undefined, "SUPABASE_UNREACHABLE"],
])("tells %s as what says nothing of the account", async (_, status, error_code, code) => {
  await using behind = await openBehind(inject("stack"), ({ url }) =>
    url.pathname.endsWith("/token") ? { status, body: { code: status, error_code, msg: "of Auth" } } : undefined,
  );
  const stack = { ...inject("stack"), url: behind.url };
  const env = { ...behindProxy, WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_LOGIN_TRIES: "1" };
  await using stage = await openStage({ stack, env });
  const [email, password] = credentials();
  const told = [];
  for (let tries = 0; tries < 3; tries += 1) told.push((await refusedLogin(stage, email, password)).code);
  // what says nothing of the password begins no pause
  expect(told).toEqual([code, code, code]);
});

it("holds a sign-up to the floor where the project confirms addresses, whatever Auth knows of it", async () => {
  // as hosted Supabase answers, with and without an account: it only sends no mail in the one case
  const user = { id: crypto.randomUUID(), email: "a@example.com", identities: [], aud: "authenticated" };
  await using behind = await openBehind(inject("stack"), ({ url }) =>
    url.pathname.endsWith("/signup") ? { status: 200, body: user } : undefined,
  );
  const stack = { ...inject("stack"), url: behind.url };
  const env = { WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_LOGIN_FLOOR_MS: "700" };
  await using stage = await openStage({ stack, env });
  const [email, password] = credentials();
  const begun = performance.now();
  expect(await stage.client().sessions.signUp.mutate({ email, password })).toEqual({
    user_id: user.id,
    email: user.email,
    confirmation_required: true,
  });
  expect(performance.now() - begun).toBeGreaterThanOrEqual(699);
});
