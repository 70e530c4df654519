import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { sessionCookie } from "../../http/cookies.ts";
import { openBehind } from "../../testing/behind.ts";
import { openPage } from "../../testing/browser.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

const app = "https://app.example.com";
const evil = "https://evil.example.com";

let stage: Stage;
let ada: Person;
let sql: Sql;

beforeAll(async () => {
  stage = await openStage({ env: { WAYBILL_ALLOWED_ORIGINS: app } });
  ada = await stage.newUser();
  sql = openSql(inject("stack").dbUrl);
});
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

const login = (person = ada) => ({
  input: { email: person.email, password: person.password, deliver: "cookie" },
});

async function signedIn(person = ada) {
  const page = openPage(stage.url);
  await page.mutate("sessions.login", login(person));
  return page;
}

async function sessionsOf({ userId }: Person) {
  return sql`select * from public.authentication_contexts where user_id = ${userId} order by session_id`;
}

describe("a browser's session", () => {
  it("is a cookie that no script can read, and no body has its token", async () => {
    const page = openPage(stage.url);
    const { status, text, cookies } = await page.mutate("sessions.login", login());
    expect(status).toBe(200);
    expect(cookies).toHaveLength(1);
    const [value = "", ...attributes] = cookies[0]?.split("; ") ?? [];
    expect(value).toMatch(/^__Host-waybill=wbs_[A-Za-z0-9_-]{43}$/);
    expect(attributes).toEqual(expect.arrayContaining(["HttpOnly", "Secure", "SameSite=Lax", "Path=/"]));
    expect(attributes.join()).not.toContain("Domain");
    expect(text).not.toContain("wbs_");
    expect(text).not.toContain("session_token");
    expect(stage.log()).not.toContain(page.jar.get(sessionCookie));
    expect((await page.query("sessions.me")).text).toContain(ada.userId);
    expect((await page.get("/operations/export")).status).toBe(200);
  });

  it("is a token in the answer for a program, and no cookie", async () => {
    const { email, password } = ada;
    const { text, cookies } = await openPage(stage.url).mutate("sessions.login", { input: { email, password } });
    expect(text).toContain("wbs_");
    expect(cookies).toEqual([]);
  });

  it("is a new one at each login: a cookie that was planted is never taken over", async () => {
    const page = openPage(stage.url);
    const planted = `wbs_${"A".repeat(43)}`;
    page.jar.set(sessionCookie, planted);
    await page.mutate("sessions.login", login());
    const first = page.jar.get(sessionCookie);
    expect(first).not.toBe(planted);
    await page.mutate("sessions.login", login());
    expect(page.jar.get(sessionCookie)).not.toBe(first);
    // nobody holds the one before any more
    expect(await refusalOf(stage.client(first).sessions.me.query())).toMatchObject({ code: "SESSION_OVER" });
    expect((await page.query("sessions.me")).status).toBe(200);
    expect(await refusalOf(stage.client(planted).sessions.me.query())).toMatchObject({ code: "TOKEN_INVALID" });
  });

  it("ends with the logout, and its cookie goes", async () => {
    const page = await signedIn();
    const token = page.jar.get(sessionCookie) ?? "";
    const { status, cookies } = await page.mutate("sessions.logout");
    expect([status, cookies.length, page.jar.size]).toEqual([200, 1, 0]);
    expect(cookies[0]).toMatch(/^__Host-waybill=; .*Path=\/;.*Secure/);
    expect((await page.query("sessions.me")).code).toBe("UNAUTHENTICATED");
    page.jar.set(sessionCookie, token);
    const again = await page.query("sessions.me");
    expect([again.code, page.jar.size]).toEqual(["SESSION_OVER", 0]);
    page.jar.set(sessionCookie, token);
    expect([(await page.mutate("sessions.refresh")).code, page.jar.size]).toEqual(["SESSION_OVER", 0]);
  });

  it("loses its cookie by the logout of a session that was ended elsewhere, and keeps it when the logout fails", async () => {
    let away = false;
    await using behind = await openBehind(inject("stack"), ({ method }) =>
      away && method === "PATCH" ? { status: 503, body: { message: "away" } } : undefined,
    );
    const env = { SUPABASE_URL: behind.url, SUPABASE_JWT_ISSUER: `${inject("stack").url}/auth/v1` };
    await using own = await openStage({ env: { ...env, WAYBILL_ALLOW_HTTP_LOOPBACK: "1" } });
    const person = await own.newUser();
    const page = openPage(own.url);
    await page.mutate("sessions.login", login(person));
    const token = page.jar.get(sessionCookie) ?? "";
    away = true;
    const failed = await page.mutate("sessions.logout");
    expect([failed.status >= 500, page.jar.get(sessionCookie)]).toEqual([true, token]);
    away = false;
    await own.client(token).sessions.logout.mutate();
    expect([(await page.mutate("sessions.logout")).code, page.jar.size]).toEqual(["SESSION_OVER", 0]);
  });

  it("has its cookie taken away where no session has it, or where it is no session token", async () => {
    const page = openPage(stage.url);
    const { data } = await stage.services.waybill.anon().auth.signInWithPassword(ada);
    for (const value of [`wbs_${"B".repeat(43)}`, "garbage", data.session?.access_token ?? ""]) {
      page.jar.set(sessionCookie, value);
      expect([(await page.query("sessions.me")).code, page.jar.size]).toEqual(["TOKEN_INVALID", 0]);
    }
  });

  it("is kept when it has expired, refreshed, and its cookie lives on", async () => {
    const person = await stage.newUser();
    const page = await signedIn(person);
    const token = page.jar.get(sessionCookie);
    await sql`update public.authentication_contexts
      set created_at = now() - interval '2 hours', last_activity = now() - interval '2 hours', expires_at = now() - interval '1 hour'
      where user_id = ${person.userId}`;
    expect([(await page.query("sessions.me")).status, page.jar.get(sessionCookie)]).toEqual([200, token]);
    const { status, cookies } = await page.mutate("sessions.refresh");
    expect([status, page.jar.get(sessionCookie)]).toEqual([200, token]);
    expect(cookies[0]).toContain("Max-Age=2592000");
    expect((await page.query("sessions.me")).status).toBe(200);
  });

  it("is not taken away with a dead one that came with the login's batch", async () => {
    const page = openPage(stage.url);
    const dead = `wbs_${"A".repeat(43)}`;
    for (const [paths, at] of [
      ["sessions.login,sessions.refresh", 0],
      ["sessions.refresh,sessions.login", 1],
    ] as const) {
      page.jar.set(sessionCookie, dead);
      await page.mutate(`${paths}?batch=1`, { input: { [at]: login().input, [1 - at]: {} } });
      expect(page.jar.get(sessionCookie)).not.toBe(dead);
      expect((await page.query("sessions.me")).status).toBe(200);
    }
    // it ends with the login, and its refresh has an answer after that
    const held = await signedIn();
    const { text } = await held.mutate("sessions.refresh,sessions.login?batch=1", {
      input: { 0: {}, 1: login().input },
    });
    expect(text).toContain('"session_id"');
    expect((await held.query("sessions.me")).status).toBe(200);
  });

  it("gives way to the header authorization", async () => {
    const eve = await stage.newUser();
    const page = await signedIn();
    const authorization = `Bearer ${eve.sessionToken}`;
    expect((await page.query("sessions.me", { headers: { authorization } })).text).toContain(eve.userId);
    // where that speaks no browser does, whichever page it is
    const crossing = { authorization, "sec-fetch-site": "cross-site" };
    expect((await page.query("sessions.me", { headers: crossing })).text).toContain(eve.userId);
    // and what becomes of that session is no word on the cookie
    const { cookies } = await page.mutate("sessions.refresh", { headers: { authorization } });
    const left = await page.mutate("sessions.logout", { headers: { authorization } });
    expect([left.status, cookies, left.cookies]).toEqual([200, [], []]);
    const broken = await page.query("sessions.me", { headers: { authorization: "Basic eDp5" } });
    expect(broken.code).toBe("UNAUTHENTICATED");
  });

  it("cannot be had from a stream, whose head is sent before", async () => {
    const { email, password } = ada;
    const before = await sessionsOf(ada);
    const answer = await openPage(stage.url).mutate("sessions.login?batch=1", {
      input: { 0: { email, password, deliver: "cookie" } },
      headers: { "trpc-accept": "application/jsonl" },
    });
    expect(answer.text).toContain('"code":"MALFORMED_REQUEST"');
    expect(answer.cookies).toEqual([]);
    expect(await sessionsOf(ada)).toEqual(before);
  });
});

it("is refreshed and ended from a stream too, which leaves the cookie to a later answer", async () => {
  const page = await signedIn();
  const stream = { input: { 0: {} }, headers: { "trpc-accept": "application/jsonl" } };
  for (const path of ["sessions.refresh", "sessions.logout"]) {
    const { text, cookies } = await page.mutate(`${path}?batch=1`, stream);
    expect(text).toContain('"session_id"');
    expect(cookies).toEqual([]);
  }
  expect([(await page.query("sessions.me")).code, page.jar.size]).toEqual(["SESSION_OVER", 0]);
});

describe("a cookie speaks for its user", () => {
  it("from the server's own pages and those of an allowed origin, with the header", async () => {
    const page = await signedIn();
    expect((await page.mutate("sessions.refresh")).status).toBe(200);
    const fromApp = { origin: app, "sec-fetch-site": "cross-site" };
    const answer = await page.mutate("sessions.refresh", { headers: fromApp });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
    expect((await page.query("sessions.me", { headers: { ...fromApp, "x-waybill-csrf": "1" } })).status).toBe(200);
    // a bookmark; a browser that says nothing
    expect((await page.query("sessions.me", { headers: { "sec-fetch-site": "none" } })).status).toBe(200);
    const silent = { "sec-fetch-site": "", "x-waybill-csrf": "1" };
    expect((await page.query("sessions.me", { headers: silent })).status).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ["a page of another origin", { origin: evil }],
    ["a page of the same host at another port", { origin: "http://127.0.0.1:1" }],
    ["a sandboxed frame", { origin: "null" }],
    ["nobody knows which page", { origin: "" }],
    ["a page of its own without the header", { "x-waybill-csrf": "" }],
    ["a page of its own with another value in it", { "x-waybill-csrf": "true" }],
    ["an allowed page without the header", { origin: app, "x-waybill-csrf": "" }],
  ])("and for no change from %s", async (_whose, headers) => {
    const page = await signedIn();
    const before = await sessionsOf(ada);
    for (const path of ["sessions.refresh", "sessions.logout", "sessions.login"]) {
      const { status, code, headers: answered } = await page.mutate(path, { ...login(), headers });
      expect([status, code]).toEqual([403, "CSRF_REFUSED"]);
      expect(answered.get("access-control-allow-credentials")).toBe(headers["origin"] === app ? "true" : null);
    }
    expect(await sessionsOf(ada)).toEqual(before);
    expect(page.jar.size).toBe(1);
  });

  it.each<[string, Record<string, string>]>([
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["a neighbour of the same site", { "sec-fetch-site": "same-site" }],
    ["a browser that does not tell", { "sec-fetch-site": "" }],
    ["another origin, for all that it says", { origin: evil, "x-waybill-csrf": "1" }],
  ])("and for no reading from %s", async (_whose, headers) => {
    const page = await signedIn();
    expect((await page.query("sessions.me", { headers })).code).toBe("CSRF_REFUSED");
    expect((await page.get("/operations/export", headers)).code).toBe("CSRF_REFUSED");
  });

  it("and a page of another origin cannot sign its own user in", async () => {
    const before = await sessionsOf(ada);
    for (const headers of [{ origin: evil }, { "x-waybill-csrf": "" }, { origin: "" }]) {
      const page = openPage(stage.url);
      expect((await page.mutate("sessions.login", { ...login(), headers })).code).toBe("CSRF_REFUSED");
      expect(page.jar.size).toBe(0);
    }
    expect(await sessionsOf(ada)).toEqual(before);
  });

  it("and not when it is there twice", async () => {
    const page = await signedIn();
    const cookie = page.jar.get(sessionCookie) ?? "";
    const before = await sessionsOf(ada);
    for (const double of [
      `${sessionCookie}=${cookie}; x=y; ${sessionCookie}=${cookie}`,
      `${sessionCookie}=a;${sessionCookie}=`,
    ]) {
      const headers = { cookie: double };
      for (const answer of [
        await page.query("sessions.me", { headers }),
        await page.mutate("sessions.logout", { headers }),
        await page.mutate("sessions.login", { ...login(), headers }),
        await page.get("/operations/export", headers),
      ]) {
        expect([answer.status, answer.code]).toEqual([400, "MALFORMED_REQUEST"]);
      }
    }
    expect(await sessionsOf(ada)).toEqual(before);
    // one that only looks like it is another one's
    const near = `${sessionCookie}=${cookie}; x${sessionCookie}=1; ${sessionCookie}2=x`;
    expect((await page.query("sessions.me", { headers: { cookie: near } })).status).toBe(200);
  });
});

it("lets allowed origins alone send cookies from a script", async () => {
  const preflight = async (origin: string) => {
    const asked = { "access-control-request-method": "POST", "access-control-request-headers": "x-waybill-csrf" };
    const { headers } = await fetch(`${stage.url}/trpc/sessions.login`, {
      method: "OPTIONS",
      headers: { origin, ...asked },
    });
    return ["origin", "credentials", "headers"].map((name) => headers.get(`access-control-allow-${name}`));
  };
  const [origin, credentials, allowed] = await preflight(app);
  expect([origin, credentials]).toEqual([app, "true"]);
  expect(allowed).toContain("x-waybill-csrf");
  expect((await preflight(evil)).slice(0, 2)).toEqual([null, null]);
});
