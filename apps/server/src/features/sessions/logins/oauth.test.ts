import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { oauthCookie, sessionCookie } from "../../../http/cookies.ts";
import { openPage } from "../../../testing/browser.ts";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";
import { openOauth } from "../../../testing/stub-oauth.ts";

const home = "https://app.example.com/signed-in";
let auth: Awaited<ReturnType<typeof openOauth>>;
let stage: Stage;
let ada: Person;
let sql: Sql;

beforeAll(async () => {
  auth = await openOauth(inject("stack"));
  const WAYBILL_REDIRECTS = `${home}, http://localhost:5173`;
  stage = await openStage({ env: { SUPABASE_URL: auth.url, WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_REDIRECTS } });
  ada = await stage.newUser();
  sql = openSql(inject("stack").dbUrl);
});
afterEach(() => vi.useRealTimers());
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
  await auth[Symbol.asyncDispose]();
});

const start = { provider: "github", redirect_to: home };
const begin = () => stage.client().sessions.oauthUrl.mutate(start);
const codeOf = (back: URL) => back.searchParams.get("code") ?? "";
const consented = async (person = ada) => {
  const { url, state = "" } = await begin();
  return { code: codeOf(auth.consent(url, person)), state };
};
const login = (input: { code: string; state?: string }) => stage.client().sessions.loginWithOauth.mutate(input);

async function sessionsOf({ userId }: Person) {
  return (await sql`select session_id from public.authentication_contexts where user_id = ${userId}`).length;
}

describe("for a program", () => {
  it("gives the provider's address, and a session for the code that comes back with the state", async () => {
    const { url, state } = await stage.client().sessions.oauthUrl.mutate({ ...start, scopes: "repo user:email" });
    const asked = new URL(url).searchParams;
    expect([asked.get("provider"), asked.get("scopes")]).toEqual(["github", "repo user:email"]);
    const back = auth.consent(url, ada);
    expect(`${back.origin}${back.pathname}`).toBe(home);
    const { session, session_token } = await login({ code: codeOf(back), state: state ?? "" });
    expect(session.user_id).toBe(ada.userId);
    expect((await stage.client(session_token).sessions.me.query()).user_id).toBe(ada.userId);
  });

  it("keeps the verifier to itself: what the caller carries means nothing to anybody else", async () => {
    const { url, state = "" } = await begin();
    expect(state).toMatch(/^v1:/);
    expect(url).not.toContain(state);
    expect((await begin()).state).not.toBe(state);
    expect(stage.log()).not.toContain(state);
  });

  it("takes a code once, also of calls at the same moment", async () => {
    const input = await consented();
    const before = await sessionsOf(ada);
    const calls = await Promise.allSettled([login(input), login(input), login(input)]);
    expect(calls.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await refusalOf(login(input))).toMatchObject({ code: "CODE_INVALID", httpStatus: 401 });
    expect(await sessionsOf(ada)).toBe(before + 1);
  });

  it("refuses a code with another one's state, a code that Auth never gave, and a damaged state", async () => {
    const [one, other] = [await consented(), await consented()];
    const before = await sessionsOf(ada);
    const damaged = `${one.state.slice(0, -2)}${one.state.endsWith("AA") ? "BB" : "AA"}`;
    for (const input of [
      { code: one.code, state: other.state },
      { code: "no-such-code", state: one.state },
      { code: one.code, state: damaged },
      { code: one.code, state: "garbage" },
      { code: one.code },
    ]) {
      expect(await refusalOf(login(input))).toMatchObject({ code: "CODE_INVALID", httpStatus: 401 });
    }
    expect(await sessionsOf(ada)).toBe(before);
    // none of that has spent it
    expect((await login(one)).session.user_id).toBe(ada.userId);
  });

  it("gives ten minutes for it, and asks Auth nothing after them", async () => {
    const input = await consented();
    const asked = auth.exchanges();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 601_000 });
    const refused = await refusalOf(login(input));
    expect(refused).toMatchObject({ code: "CODE_INVALID", message: expect.stringContaining("ten minutes") });
    expect(auth.exchanges()).toBe(asked);
  });
});

describe("where it may end", () => {
  it.each([
    "https://evil.example.com/signed-in",
    "https://app.example.com.evil.example.com/signed-in",
    "https://app.example.com@evil.example.com/signed-in",
    "https://app.example.com/",
    "https://app.example.com/signed-in/",
    "https://app.example.com/signed-in/../other",
    "https://app.example.com/signed-in?next=https://evil.example.com",
    "https://app.example.com/signed-in#x",
    "https://app.example.com:8443/signed-in",
    "http://app.example.com/signed-in",
    String.raw`https://evil.example.com\@app.example.com/signed-in`,
    "//app.example.com/signed-in",
    "/signed-in",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://localhost:5174/",
  ])("is not %s", async (redirect_to) => {
    const page = openPage(stage.url);
    const input = { ...start, redirect_to };
    for (const deliver of ["token", "cookie"]) {
      const { status, text, code } = await page.mutate("sessions.oauthUrl", { input: { ...input, deliver } });
      expect([status, code]).toEqual([400, "VALIDATION_FAILED"]);
      expect(text).toContain('"field":"redirect_to"');
    }
    expect(page.jar.size).toBe(0);
  });

  it("is an address of the list, passed on as the list has it", async () => {
    for (const [wanted, passed] of [
      ["HTTPS://APP.example.com:443/signed-in", home],
      ["http://localhost:5173", "http://localhost:5173/"],
    ]) {
      const { url } = await stage.client().sessions.oauthUrl.mutate({ ...start, redirect_to: wanted ?? "" });
      expect(new URL(url).searchParams.get("redirect_to")).toBe(passed);
    }
  });

  it("is nowhere where the operator names no address", async () => {
    await using bare = await openStage();
    const refused = await refusalOf(bare.client().sessions.oauthUrl.mutate(start));
    expect(refused).toMatchObject({ code: "VALIDATION_FAILED", hint: expect.stringContaining("WAYBILL_REDIRECTS") });
  });
});

describe("for a browser", () => {
  const began = async () => {
    const page = openPage(stage.url);
    const answer = await page.mutate("sessions.oauthUrl", { input: { ...start, deliver: "cookie" } });
    const [, url = ""] = /"url":"([^"]*)"/.exec(answer.text) ?? [];
    return { page, answer, url };
  };

  it("keeps the state in a cookie of ten minutes that no script reads, and ends with the session's", async () => {
    const { page, answer, url } = await began();
    expect(answer.text).not.toContain("state");
    expect(answer.cookies[0]).toMatch(/^__Host-waybill-oauth=v1.*Max-Age=600.*HttpOnly.*Secure.*SameSite=Lax/);
    const input = { code: codeOf(auth.consent(url, ada)), deliver: "cookie" };
    const { status, text } = await page.mutate("sessions.loginWithOauth", { input });
    expect([status, text.includes("wbs_")]).toEqual([200, false]);
    expect([...page.jar.keys()]).toEqual([sessionCookie]);
    expect((await page.query("sessions.me")).text).toContain(ada.userId);
  });

  it("signs nobody in with a code that another browser began: neither its own, nor none", async () => {
    const eve = await stage.newUser();
    const evil = await began();
    const input = { code: codeOf(auth.consent(evil.url, eve)), deliver: "cookie" };
    const victim = await began();
    for (const page of [victim.page, openPage(stage.url)]) {
      expect((await page.mutate("sessions.loginWithOauth", { input })).code).toBe("CODE_INVALID");
      expect(page.jar.has(sessionCookie)).toBe(false);
    }
  });

  it("refuses the cookie when it is there twice", async () => {
    const { page, url } = await began();
    const cookie = `${oauthCookie}=a; ${oauthCookie}=${page.jar.get(oauthCookie) ?? ""}`;
    const input = { code: codeOf(auth.consent(url, ada)), deliver: "cookie" };
    const { status, code } = await page.mutate("sessions.loginWithOauth", { input, headers: { cookie } });
    expect([status, code]).toEqual([400, "MALFORMED_REQUEST"]);
  });

  it("goes on after a restart, at another process that has the key", async () => {
    const { url, state = "" } = await begin();
    const code = codeOf(auth.consent(url, ada));
    await using stranger = await openStage({ env: { SUPABASE_URL: auth.url, WAYBILL_ALLOW_HTTP_LOOPBACK: "1" } });
    expect(await refusalOf(stranger.client().sessions.loginWithOauth.mutate({ code, state }))).toMatchObject({
      code: "CODE_INVALID",
    });
    expect((await login({ code, state })).session.user_id).toBe(ada.userId);
  });
});
