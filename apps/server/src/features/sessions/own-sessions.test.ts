import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { refusalOf } from "../../testing/refusal.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

let stage: Stage;
let sql: Sql;
beforeAll(async () => {
  stage = await openStage();
  sql = openSql(inject("stack").dbUrl);
});
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/** The same person on another device. */
async function elsewhere({ email, password }: Person, userAgent = firefox) {
  const { session_token, session } = await stage
    .client(undefined, { "user-agent": userAgent })
    .sessions.login.mutate({ email, password });
  const api = stage.client(session_token);
  // the server knows it from now on
  await api.sessions.me.query();
  return { api, sessionId: session.session_id };
}

const codeOf = async (call: Promise<unknown>) => (await refusalOf(call)).code;
/** As the job leaves a session that nobody has used for an hour. */
const expire = (sessionId: string) => sql`update public.authentication_contexts
  set is_active = false, created_at = now() - interval '2 hours', last_activity = now() - interval '2 hours', expires_at = now() - interval '1 hour'
  where session_id = ${sessionId}`;

it("shows a person where it is signed in, and which session asks", async () => {
  const ada = await stage.newUser();
  const other = await elsewhere(ada);
  const gone = await elsewhere(ada);
  await gone.api.sessions.logout.mutate();
  const { rows, next_cursor } = await other.api.sessions.mine.query({});
  expect(next_cursor).toBeNull();
  expect(rows).toHaveLength(2);
  expect(rows.find(({ session_id }) => session_id === other.sessionId)).toMatchObject({
    device: "Firefox on Linux",
    network: expect.stringMatching(/^(?:127\.0\.0\.0\/24|0:0:0::\/48)$/),
    is_current: true,
  });
  expect(rows.filter(({ is_current }) => is_current)).toHaveLength(1);
});

it("revokes one session, also one that would still be refreshed, here and at Supabase Auth", async () => {
  const ada = await stage.newUser();
  const [other, expired] = [await elsewhere(ada), await elsewhere(ada)];
  const { refresh_token } = (await stage.services.waybill.sessions.open(other.sessionId)).tokens;
  await expire(expired.sessionId);
  for (const { sessionId } of [other, expired]) {
    expect(await ada.api.sessions.revoke.mutate({ session_id: sessionId })).toMatchObject({ is_active: false });
    expect(await codeOf(ada.api.sessions.revoke.mutate({ session_id: sessionId }))).toBe("ILLEGAL_TRANSITION");
  }
  for (const { api } of [other, expired]) {
    expect(await codeOf(api.sessions.me.query())).toBe("SESSION_OVER");
    expect(await codeOf(api.sessions.refresh.mutate())).toBe("SESSION_OVER");
  }
  expect((await stage.services.waybill.anon().auth.refreshSession({ refresh_token })).error).not.toBeNull();
  expect((await ada.api.sessions.me.query()).user_id).toBe(ada.userId);
});

it("revokes all others, and keeps the one that asks", async () => {
  const ada = await stage.newUser();
  const eve = await stage.newUser();
  const others = [await elsewhere(ada), await elsewhere(ada), await elsewhere(ada)];
  await expire(others[2]?.sessionId ?? "");
  expect(await ada.api.sessions.revokeOthers.mutate()).toEqual({ ended: 3 });
  expect(await ada.api.sessions.revokeOthers.mutate()).toEqual({ ended: 0 });
  for (const { api } of others) expect(await codeOf(api.sessions.me.query())).toBe("SESSION_OVER");
  expect((await ada.api.sessions.refresh.mutate()).is_active).toBe(true);
  expect((await eve.api.sessions.me.query()).user_id).toBe(eve.userId);
});

it("signs out everywhere, and tokens that were got beside Waybill end too", async () => {
  const ada = await stage.newUser();
  const other = await elsewhere(ada);
  const { email, password } = ada;
  const beside = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
  const refresh_token = beside.data.session?.refresh_token ?? "";
  expect(await ada.api.sessions.signOutEverywhere.mutate()).toEqual({ ended: 2 });
  for (const { api } of [ada, other]) expect(await codeOf(api.sessions.me.query())).toBe("SESSION_OVER");
  expect((await stage.services.waybill.anon().auth.refreshSession({ refresh_token })).error).not.toBeNull();
});

describe("changing the password", () => {
  it("takes the current one, and ends all other sessions", async () => {
    const ada = await stage.newUser();
    const other = await elsewhere(ada);
    const { email, password } = ada;
    const wrong = { current_password: "not this one", new_password: "another one" };
    expect(await codeOf(ada.api.sessions.changePassword.mutate(wrong))).toBe("INVALID_CREDENTIALS");
    expect((await other.api.sessions.me.query()).user_id).toBe(ada.userId);
    const right = { current_password: password, new_password: "another one" };
    expect(await ada.api.sessions.changePassword.mutate(right)).toEqual({ ended: 1 });
    expect(await codeOf(other.api.sessions.me.query())).toBe("SESSION_OVER");
    // Supabase Auth has ended all of them with the old password; the one that asked goes on, also past its token
    expect((await ada.api.sessions.refresh.mutate()).is_active).toBe(true);
    expect((await ada.api.sessions.me.query()).user_id).toBe(ada.userId);
    expect((await ada.api.operations.list.query({ limit: 1 })).rows).toEqual(expect.any(Array));
    const login = (with_password: string) => stage.client().sessions.login.mutate({ email, password: with_password });
    expect(await codeOf(login(password))).toBe("INVALID_CREDENTIALS");
    expect((await login("another one")).session.user_id).toBe(ada.userId);
  });

  it("names the rule that the new one breaks, before anything is asked of Auth", async () => {
    const ada = await stage.newUser();
    const short = { current_password: ada.password, new_password: "short" };
    expect(await refusalOf(ada.api.sessions.changePassword.mutate(short))).toMatchObject({
      code: "VALIDATION_FAILED",
      issues: [{ field: "new_password" }],
    });
  });
});

describe("another's session", () => {
  it("is not there for who may not end it", async () => {
    const [ada, eve] = [await stage.newUser(), await stage.newUser()];
    const { session } = await ada.api.sessions.me.query();
    const session_id = session?.session_id ?? "";
    const refused = await refusalOf(eve.api.sessions.revoke.mutate({ session_id }));
    const unknown = await refusalOf(eve.api.sessions.revoke.mutate({ session_id: crypto.randomUUID() }));
    expect(refused.code).toBe("NOT_FOUND");
    expect({ ...refused, request_id: "", operation_id: "" }).toEqual({ ...unknown, request_id: "", operation_id: "" });
    expect((await ada.api.sessions.me.query()).user_id).toBe(ada.userId);
  });

  it("is ended by an admin, and the record says by whom", async () => {
    const [ada, admin] = [await stage.newUser(), await stage.newAdmin()];
    const [found] = (await admin.api.sessions.list.query({ user_id: ada.userId })).rows;
    expect(found).toMatchObject({ user_id: ada.userId, permissions: { roles: [] } });
    const session_id = found?.session_id ?? "";
    expect(await admin.api.sessions.revoke.mutate({ session_id })).toMatchObject({ is_active: false });
    expect(await codeOf(ada.api.sessions.me.query())).toBe("SESSION_OVER");
    await stage.services.waybill.flush();
    const { rows } = await admin.api.operations.list.query({ user_id: admin.userId, operation_type: "update" });
    expect(rows.some(({ table_name }) => table_name === "authentication_contexts")).toBe(true);
  });
});
