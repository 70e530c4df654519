import { makeEncryptionKey } from "@waybill/db";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { openPage } from "../../../testing/browser.ts";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

let stage: Stage;
let sql: Sql;

beforeAll(async () => {
  stage = await openStage();
  sql = openSql(inject("stack").dbUrl);
});
afterEach(() => vi.useRealTimers());
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

async function written({ userId }: Person) {
  const [row] = await sql`select
    (select count(*)::int from public.authentication_contexts where user_id = ${userId}) as here,
    (select count(*)::int from auth.sessions where user_id = ${userId}) as upstream`;
  return row;
}

const supabaseSession = async ({ email, password }: Person) => {
  const { data } = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
  return data.session?.refresh_token ?? "";
};

describe("a clock that is wrong by an hour", () => {
  it.each([-3_600_000, 3_600_000])("lets nobody sign in, says so, and leaves nothing behind (%s ms)", async (ms) => {
    const person = await stage.newUser();
    const { email, password } = person;
    const refresh_token = await supabaseSession(person);
    const before = await written(person);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
    const refused = await refusalOf(stage.client().sessions.login.mutate({ email, password }));
    expect(refused).toMatchObject({ code: "CLOCK_SKEW", httpStatus: 401, hint: expect.stringContaining("NTP") });
    expect(refused.message).toMatch(/3[56]\d\d seconds apart/);
    expect(await written(person)).toEqual(before);
    expect(await refusalOf(stage.client().sessions.adopt.mutate({ refresh_token }))).toMatchObject({
      code: "CLOCK_SKEW",
    });
    expect((await written(person))?.["here"]).toBe(before?.["here"]);
  });
});

describe("taking a Supabase session over", () => {
  it("makes a session of its refresh token, which is used up by that", async () => {
    const person = await stage.newUser();
    const refresh_token = await supabaseSession(person);
    const { session, session_token } = await stage.client().sessions.adopt.mutate({ refresh_token });
    expect(session).toMatchObject({ user_id: person.userId, is_active: true });
    expect((await stage.client(session_token).sessions.me.query()).user_id).toBe(person.userId);
    await stage.client(session_token).sessions.refresh.mutate();
    const before = await written(person);
    // Auth takes a token again for a moment, for callers who lost the answer
    await sql`update auth.refresh_tokens set updated_at = now() - interval '1 hour' where user_id = ${person.userId} and revoked`;
    const again = await refusalOf(stage.client().sessions.adopt.mutate({ refresh_token }));
    expect(again).toMatchObject({ code: "SESSION_OVER", httpStatus: 401 });
    expect((await written(person))?.["here"]).toBe(before?.["here"]);
  });

  it("refuses a token whose session is gone, and what is none", async () => {
    const refused = (refresh_token: string) => refusalOf(stage.client().sessions.adopt.mutate({ refresh_token }));
    const person = await stage.newUser();
    const token = await supabaseSession(person);
    await sql`delete from auth.sessions where user_id = ${person.userId}`;
    expect(await refused(token)).toMatchObject({ code: "SESSION_OVER", httpStatus: 401 });
    expect(await refused("x".repeat(2000))).toMatchObject({
      code: "VALIDATION_FAILED",
      httpStatus: 400,
      issues: [{ field: "refresh_token" }],
    });
  });
});

describe("roles and permissions", () => {
  it("stand in the session's row and in its caller, as app_metadata had them at the login", async () => {
    const { userId, email, password } = await stage.newUser();
    const app_metadata = { roles: ["editor"], permissions: ["models.read"] };
    await stage.services.waybill.service().auth.admin.updateUserById(userId, { app_metadata });
    const { session, session_token = "" } = await stage.client().sessions.login.mutate({ email, password });
    expect(session.permissions).toEqual(app_metadata);
    expect(await stage.services.callerOf(session_token)).toMatchObject(app_metadata);
    const { data } = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
    expect(await stage.services.callerOf(data.session?.access_token ?? "")).toMatchObject(app_metadata);
  });

  it("are none where app_metadata is odd", async () => {
    const { userId, email, password } = await stage.newUser();
    const odd = { roles: "admin", permissions: Array.from({ length: 201 }, () => "models.manage") };
    await stage.services.waybill.service().auth.admin.updateUserById(userId, { app_metadata: odd });
    const { session } = await stage.client().sessions.login.mutate({ email, password });
    expect(session.permissions).toEqual({ roles: [], permissions: [] });
  });
});

it("outlives a restart of the server, and keeps its cookie", async () => {
  const settings = { WAYBILL_ENCRYPTION_KEY: makeEncryptionKey() };
  const before = await openStage({ env: settings });
  const person = await before.newUser();
  const page = openPage(before.url);
  const { email, password } = person;
  await page.mutate("sessions.login", { input: { email, password, deliver: "cookie" } });
  await before[Symbol.asyncDispose]();
  await using after = await openStage({ env: settings });
  expect((await after.client(person.sessionToken).sessions.me.query()).user_id).toBe(person.userId);
  const same = openPage(after.url);
  for (const [name, value] of page.jar) same.jar.set(name, value);
  expect((await same.query("sessions.me")).text).toContain(person.userId);
  expect((await same.mutate("sessions.refresh")).status).toBe(200);
});
