import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openBehind } from "../../../testing/behind.ts";
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
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

/** What the mail would hold: the embedded Auth makes it in the same way for whoever has the secret key. */
async function mailTo(email: string) {
  const { auth } = stage.services.waybill.service();
  const { data, error } = await auth.admin.generateLink({ type: "magiclink", email });
  if (error !== null) throw error;
  const { email_otp: code, hashed_token: token_hash } = data.properties;
  return { code, token_hash };
}

const byCode = (input: { email: string; code: string } | { token_hash: string }) =>
  stage.client().sessions.loginWithCode.mutate(input);

async function sessionsOf({ userId }: Person) {
  return (await sql`select session_id from public.authentication_contexts where user_id = ${userId}`).length;
}

describe("asking for a code", () => {
  it("has one made for who has an account, and answers the same for who has none", async () => {
    const { email, userId } = await stage.newUser();
    const request = (address: string) => stage.client().sessions.requestCode.mutate({ email: address });
    const nobody = `${crypto.randomUUID()}@example.com`;
    expect([await request(email), await request(nobody)]).toEqual([{ requested: true }, { requested: true }]);
    // again at once, which Auth limits for each address that it knows
    expect([await request(email), await request(nobody)]).toEqual([{ requested: true }, { requested: true }]);
    const [sent] = await sql`select recovery_sent_at from auth.users where id = ${userId}`;
    expect(sent?.["recovery_sent_at"]).not.toBeNull();
    expect(await sql`select 1 from auth.users where email = ${nobody}`).toEqual([]);
  });

  it("tells nobody of the account by what Auth refuses, and tells all when Auth is away", async () => {
    let answer = { status: 429, body: { code: 429, error_code: "over_email_send_rate_limit", msg: "wait" } };
    await using auth = await openBehind(inject("stack"), ({ url }) =>
      url.pathname === "/auth/v1/otp" ? answer : undefined,
    );
    const env = { SUPABASE_URL: auth.url, WAYBILL_ALLOW_HTTP_LOOPBACK: "1" };
    await using behind = await openStage({ env });
    const request = () => behind.client().sessions.requestCode.mutate({ email: "ada@example.com" });
    expect(await request()).toEqual({ requested: true });
    answer = { status: 500, body: { code: 500, error_code: "unexpected_failure", msg: "no mail server" } };
    expect(await request()).toEqual({ requested: true });
    answer = { status: 429, body: { code: 429, error_code: "over_request_rate_limit", msg: "wait" } };
    expect(await refusalOf(request())).toMatchObject({ code: "RATE_LIMITED", httpStatus: 429 });
    answer = { status: 503, body: { code: 503, error_code: "", msg: "" } };
    expect(await refusalOf(request())).toMatchObject({ code: "SUPABASE_UNREACHABLE" });
    expect(behind.log()).not.toContain("ada@example.com");
  });
});

describe("signing in by a code", () => {
  it("takes the digits with the address, and takes them once", async () => {
    const person = await stage.newUser();
    const { code } = await mailTo(person.email);
    const { session, session_token } = await byCode({ email: person.email.toUpperCase(), code });
    expect(session.user_id).toBe(person.userId);
    expect((await stage.client(session_token).sessions.me.query()).email).toBe(person.email);
    const before = await sessionsOf(person);
    for (const api of [stage, await openStage()]) {
      const replayed = api.client().sessions.loginWithCode.mutate({ email: person.email, code });
      expect(await refusalOf(replayed)).toMatchObject({ code: "CODE_INVALID", httpStatus: 401 });
      if (api !== stage) await api[Symbol.asyncDispose]();
    }
    expect(await sessionsOf(person)).toBe(before);
  });

  it("takes a code once when several calls bring it at the same moment", async () => {
    const person = await stage.newUser();
    const { code } = await mailTo(person.email);
    const before = await sessionsOf(person);
    const calls = await Promise.allSettled([1, 2, 3, 4].map(() => byCode({ email: person.email, code })));
    expect(calls.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await sessionsOf(person)).toBe(before + 1);
  });

  it("takes a link's hash, and takes it once", async () => {
    const person = await stage.newUser();
    const { token_hash } = await mailTo(person.email);
    expect((await byCode({ token_hash })).session.user_id).toBe(person.userId);
    expect(await refusalOf(byCode({ token_hash }))).toMatchObject({ code: "CODE_INVALID" });
  });

  it("refuses a wrong code, one of somebody else, and one that is too old, and a wrong one does no harm", async () => {
    const [person, eve] = [await stage.newUser(), await stage.newUser()];
    const { code } = await mailTo(person.email);
    const wrong = code === "111111" ? "222222" : "111111";
    for (const input of [
      { email: person.email, code: wrong },
      { email: eve.email, code },
      { email: "nobody@example.com", code },
      { token_hash: "0".repeat(64) },
    ]) {
      expect(await refusalOf(byCode(input))).toMatchObject({ code: "CODE_INVALID", httpStatus: 401 });
    }
    await sql`update auth.users set recovery_sent_at = now() - interval '1 day' where id = ${person.userId}`;
    expect(await refusalOf(byCode({ email: person.email, code }))).toMatchObject({ code: "CODE_INVALID" });
    const fresh = await mailTo(person.email);
    expect((await byCode({ email: person.email, code: fresh.code })).session.user_id).toBe(person.userId);
  });

  it.each([
    { email: "a@example.com" },
    { email: "a@example.com", code: "12 345" },
    { token_hash: "" },
    { code: "123456" },
  ])("names what is wrong with %j", async (input) => {
    const { status, code } = await openPage(stage.url).mutate("sessions.loginWithCode", { input });
    expect([status, code]).toEqual([400, "VALIDATION_FAILED"]);
  });

  it("gives a browser its cookie", async () => {
    const { email, userId } = await stage.newUser();
    const page = openPage(stage.url);
    const { text } = await page.mutate("sessions.loginWithCode", {
      input: { email, code: (await mailTo(email)).code, deliver: "cookie" },
    });
    expect(text).not.toContain("wbs_");
    expect((await page.query("sessions.me")).text).toContain(userId);
  });
});
