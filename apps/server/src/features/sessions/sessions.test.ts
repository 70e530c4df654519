import type { OpenSession } from "@waybill/db";
import { decodeJwt } from "jose";
import { Agent, fetch } from "undici";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { credentials, openStage, type Person, type Stage } from "../../testing/stage.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { openSql, type Sql } from "../../testing/sql.ts";

let stage: Stage;
let ada: Person;
let sql: Sql;

beforeAll(async () => {
  stage = await openStage();
  ada = await stage.newUser();
  sql = openSql(inject("stack").dbUrl);
});
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

describe("sessions", () => {
  it("tells the caller who it is, and refuses who is nobody", async () => {
    const me = await ada.api.sessions.me.query();
    expect(me).toMatchObject({ user_id: ada.userId, email: ada.email, roles: [], session: { user_id: ada.userId } });
    expect(await refusalOf(stage.client().sessions.me.query())).toMatchObject({
      code: "UNAUTHENTICATED",
      httpStatus: 401,
    });
  });

  it("notes from where somebody signed in", async () => {
    const { email, password } = await stage.newUser();
    const from = stage.client(undefined, { "user-agent": ` ${"a browser ".repeat(200)}` });
    const { session } = await from.sessions.login.mutate({ email, password });
    expect(session.ip_address).toMatch(/^(?:127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)$/);
    expect(session.user_agent).toBe("a browser ".repeat(200).slice(0, 1024).trim());
  });

  it("makes nobody an admin by what a user can write itself", async () => {
    const { email, password } = await stage.newUser();
    const { auth } = stage.services.waybill.anon();
    const accessToken = async () => (await auth.signInWithPassword({ email, password })).data.session?.access_token;
    const { url, publishableKey, ca } = inject("stack");
    const dispatcher = new Agent({ connect: { ca } });
    const roles = { roles: ["admin"] };
    const answer = await fetch(`${url}/auth/v1/user`, {
      method: "PUT",
      headers: {
        apikey: publishableKey,
        authorization: `Bearer ${await accessToken()}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ data: { ...roles, app_metadata: roles }, app_metadata: roles, role: "service_role" }),
      dispatcher,
    });
    expect(await answer.json()).toMatchObject({ user_metadata: roles });
    await dispatcher.close();
    const { session_token } = await stage.client().sessions.login.mutate({ email, password });
    for (const bearer of [session_token, await accessToken()]) {
      expect((await stage.client(bearer).sessions.me.query()).roles).toEqual([]);
      expect(await refusalOf(stage.client(bearer).clients.list.query({}))).toMatchObject({ code: "FORBIDDEN" });
    }
  });

  it("stores both tokens encrypted and the session token as a hash", async () => {
    const [row] = await sql`select * from public.authentication_contexts where user_id = ${ada.userId}`;
    expect(row?.["access_token"]).toMatch(/^v1:/);
    expect(row?.["refresh_token"]).toMatch(/^v1:/);
    expect(row?.["token_hash"]).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(row)).not.toContain(ada.sessionToken);
  });

  it("says the same of a wrong password and of an unknown address", async () => {
    const wrong = await refusalOf(stage.client().sessions.login.mutate({ email: ada.email, password: "not this one" }));
    const unknown = await refusalOf(
      stage.client().sessions.login.mutate({ email: "no@example.com", password: "nor this" }),
    );
    expect(wrong).toMatchObject({ code: "INVALID_CREDENTIALS", httpStatus: 401 });
    expect({ ...unknown, request_id: "", operation_id: "" }).toEqual({ ...wrong, request_id: "", operation_id: "" });
  });

  it("names the field that sign-up refuses", async () => {
    const [email] = credentials();
    const refused = await refusalOf(stage.client().sessions.signUp.mutate({ email, password: "short" }));
    expect(refused).toMatchObject({ code: "VALIDATION_FAILED", httpStatus: 400, issues: [{ field: "password" }] });
    const again = await refusalOf(stage.client().sessions.signUp.mutate({ email: ada.email, password: "long enough" }));
    expect(again).toMatchObject({ code: "UNIQUE_VIOLATION", httpStatus: 409 });
  });

  it("lists a user's own sessions and nobody else's", async () => {
    const eve = await stage.newUser();
    const own = await eve.api.sessions.list.query({});
    expect(own.rows.map(({ user_id }) => user_id)).toEqual([eve.userId]);
    expect((await eve.api.sessions.list.query({ user_id: ada.userId })).rows).toEqual([]);
    const admin = await stage.newAdmin();
    expect((await admin.api.sessions.list.query({ user_id: ada.userId })).rows).toHaveLength(1);
  });

  it("refreshes once however many ask at the same moment, and stores other tokens", async () => {
    const person = await stage.newUser();
    const before = await stored(person);
    const answers = await Promise.all([1, 2, 3, 4].map(() => person.api.sessions.refresh.mutate()));
    const after = await stored(person);
    expect(after["refresh_token"]).not.toBe(before["refresh_token"]);
    expect(new Set(answers.map(({ session_id }) => session_id))).toEqual(new Set([before["session_id"]]));
    await stage.services.waybill.flush();
    const refreshes = await sql`select 1 from public.database_operations
      where user_id = ${person.userId} and table_name = 'auth.sessions' and operation_type = 'create'`;
    expect(refreshes).toHaveLength(1);
    expect((await person.api.sessions.me.query()).user_id).toBe(person.userId);
  });

  it("gives each of several users who refresh at the same moment its own tokens", async () => {
    const people = await Promise.all([stage.newUser(), stage.newUser(), stage.newUser()]);
    await Promise.all(people.map(({ api }) => api.sessions.refresh.mutate()));
    for (const person of people) {
      const me = await person.api.sessions.me.query();
      expect([me.user_id, me.email]).toEqual([person.userId, person.email]);
      const { access_token } = (await openedSession(person)).tokens;
      expect(decodeJwt(access_token).sub).toBe(person.userId);
    }
  });

  it("notes the session's activity, and keeps no record of doing so", async () => {
    const person = await stage.newUser();
    await sql`update public.authentication_contexts
      set created_at = now() - interval '1 minute', last_activity = now() - interval '1 minute' where user_id = ${person.userId}`;
    const before = await stored(person);
    await person.api.sessions.me.query();
    const moved = async () => (await stored(person))["last_activity"] > before["last_activity"];
    await expect.poll(moved, { timeout: 60_000 }).toBe(true);
    await stage.services.waybill.flush();
    const updates = await sql`select 1 from public.database_operations
      where user_id = ${person.userId} and operation_type = 'update'`;
    expect(updates).toEqual([]);
  });

  it("ends a session here and at Supabase Auth", async () => {
    const person = await stage.newUser();
    const { refresh_token } = (await openedSession(person)).tokens;
    expect(await person.api.sessions.logout.mutate()).toMatchObject({ is_active: false });
    expect(await refusalOf(person.api.sessions.me.query())).toMatchObject({ code: "SESSION_OVER", httpStatus: 401 });
    expect(await refusalOf(person.api.sessions.refresh.mutate())).toMatchObject({ code: "SESSION_OVER" });
    expect(await refusalOf(person.api.sessions.logout.mutate())).toMatchObject({ code: "SESSION_OVER" });
    const { error } = await stage.services.waybill.anon().auth.refreshSession({ refresh_token });
    expect(error).not.toBeNull();
  });

  it("refuses a session token that it never gave", async () => {
    const forged = `wbs_${"A".repeat(43)}`;
    for (const bearer of [forged, "wbs_short", "not-a-token"]) {
      const refused = await refusalOf(stage.client(bearer).sessions.me.query());
      expect(refused).toMatchObject({ code: "TOKEN_INVALID", httpStatus: 401 });
    }
  });

  it("lets no access or refresh token out: not in an answer, not in the log", async () => {
    const person = await stage.newUser();
    const said = [
      await person.api.sessions.me.query(),
      await person.api.sessions.list.query({}),
      await person.api.sessions.refresh.mutate(),
      await person.api.operations.list.query({}),
      await person.api.sessions.logout.mutate(),
    ];
    const everything = JSON.stringify(said) + stage.log();
    expect(everything).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
    expect(everything).not.toContain(person.password);
    expect(everything).not.toContain(person.sessionToken);
  });
});

async function stored(person: Person) {
  const [row] = await sql`select * from public.authentication_contexts where user_id = ${person.userId}`;
  return row ?? {};
}

async function openedSession(person: Person): Promise<OpenSession> {
  const { token_hash } = await stored(person);
  const opened = await stage.services.waybill.sessions.findByTokenHash(String(token_hash));
  if (opened === null) throw new Error("the session is not stored");
  return opened;
}
