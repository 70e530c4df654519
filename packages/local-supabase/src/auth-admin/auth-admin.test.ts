import { randomUUID } from "node:crypto";
import { hashSync } from "bcryptjs";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startProject, type TestProject } from "../testing/project.ts";

let project: TestProject;
beforeAll(async () => {
  project = await startProject("select 1");
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

/** Of "from another system". */
const bcryptHash = hashSync("from another system", 4);

const admin = () => project.service.auth.admin;
const newEmail = () => `${randomUUID()}@example.com`;

async function createUser(attributes: object = {}) {
  const email = newEmail();
  const { data, error } = await admin().createUser({
    email,
    password: "password1",
    email_confirm: true,
    ...attributes,
  });
  if (error) throw error;
  return { email, id: data.user.id, user: data.user };
}

async function signIn(email: string, password = "password1") {
  const client = project.anonymous();
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  return { client, session: data.session, code: error?.code };
}

describe("users", () => {
  test("one that an admin creates signs in, with the roles given in the token and in the answer", async () => {
    const { email, user } = await createUser({ app_metadata: { roles: ["admin"] }, user_metadata: { name: "Ada" } });
    expect(user).toMatchObject({ email, role: "authenticated", email_confirmed_at: expect.stringContaining("T") });
    const { session } = await signIn(email);
    const expected = { roles: ["admin"], provider: "email", providers: ["email"] };
    expect(session?.user.app_metadata).toEqual(expected);
    expect(decodeJwt(session?.access_token ?? "")).toMatchObject({
      app_metadata: expected,
      user_metadata: { name: "Ada" },
    });
  });

  test("one that comes with a hash signs in with the password that it is of", async () => {
    const { email } = await createUser({ password: undefined, password_hash: bcryptHash });
    expect((await signIn(email, "from another system")).code).toBeUndefined();
  });

  test("a role given later is in the next token", async () => {
    const { email, id } = await createUser();
    const { client } = await signIn(email);
    await admin().updateUserById(id, { app_metadata: { roles: ["admin"] }, user_metadata: { name: "Ada" } });
    const { data } = await client.auth.refreshSession();
    expect(decodeJwt(data.session?.access_token ?? "")).toMatchObject({ app_metadata: { roles: ["admin"] } });
    const changed = await admin().updateUserById(id, { app_metadata: { roles: null } });
    expect(changed.data.user?.app_metadata).toEqual({ provider: "email", providers: ["email"] });
    expect(changed.data.user?.user_metadata).toMatchObject({ name: "Ada" });
  });

  test("a new address and a new password replace the old ones, and end the sessions", async () => {
    const { email, id } = await createUser();
    const { client } = await signIn(email);
    const address = newEmail();
    const { data } = await admin().updateUserById(id, { email: address.toUpperCase(), password: "changed12" });
    expect(data.user).toMatchObject({ email: address, identities: [{ identity_data: { email: address } }] });
    expect((await signIn(email)).code).toBe("invalid_credentials");
    expect((await signIn(address)).code).toBe("invalid_credentials");
    expect((await signIn(address, "changed12")).code).toBeUndefined();
    expect((await client.auth.refreshSession()).error?.code).toBe("refresh_token_not_found");
  });

  test("an unconfirmed one signs in only after confirmation", async () => {
    const { email, id } = await createUser({ email_confirm: false });
    expect((await signIn(email)).code).toBe("email_not_confirmed");
    await admin().updateUserById(id, { email_confirm: true });
    expect((await signIn(email)).code).toBeUndefined();
  });

  test("a banned one neither signs in nor refreshes until the ban is lifted", async () => {
    const { email, id } = await createUser();
    const { client } = await signIn(email);
    const { data } = await admin().updateUserById(id, { ban_duration: "1h30m" });
    const hours = (Date.parse(data.user?.banned_until ?? "") - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(1.4);
    expect(hours).toBeLessThanOrEqual(1.5);
    expect((await client.auth.refreshSession()).error?.code).toBe("user_banned");
    expect((await signIn(email)).code).toBe("user_banned");
    await admin().updateUserById(id, { ban_duration: "none" });
    expect((await signIn(email)).code).toBeUndefined();
  });

  test("a deleted one is gone, with the sessions", async () => {
    const { email, id } = await createUser();
    const { client } = await signIn(email);
    expect((await admin().deleteUser(id)).error).toBeNull();
    expect((await admin().getUserById(id)).error).toMatchObject({ code: "user_not_found", status: 404 });
    expect((await signIn(email)).code).toBe("invalid_credentials");
    expect((await client.auth.getUser()).error?.status).toBe(403);
    expect((await admin().deleteUser(id)).error?.code).toBe("user_not_found");
  });

  test("a soft deletion is refused, not turned into a real one", async () => {
    const { id } = await createUser();
    expect((await admin().deleteUser(id, true)).error?.code).toBe("validation_failed");
    expect((await admin().getUserById(id)).data.user?.id).toBe(id);
  });

  test("pages hold every user once, newest first", async () => {
    const created = [await createUser(), await createUser(), await createUser(), await createUser()];
    const emails: (string | undefined)[] = [];
    let pages = 0;
    for (let page: number | null = 1; page !== null; pages += 1) {
      const { data, error } = await admin().listUsers({ page, perPage: 3 });
      if (error) throw error;
      emails.push(...data.users.map(({ email }) => email));
      page = data.nextPage;
    }
    expect(pages).toBeGreaterThan(1);
    expect(new Set(emails).size).toBe(emails.length);
    expect(emails.slice(0, 4)).toEqual(created.map(({ email }) => email).toReversed());
    const all = await admin().listUsers({ perPage: 1000 });
    expect(all.data).toMatchObject({ total: emails.length, nextPage: null });
  });
});

describe("refusals", () => {
  test("a phone number or an id that is taken is not called an address", async () => {
    const [phone, id] = [`+${Date.now()}`, randomUUID()];
    expect((await admin().createUser({ phone, id })).error).toBeNull();
    expect((await admin().createUser({ phone })).error).toMatchObject({ code: "phone_exists", status: 422 });
    expect((await admin().createUser({ email: newEmail(), id })).error?.message).toContain("this id exists");
  });

  test("an address that is taken, in any case, gives email_exists", async () => {
    const { email } = await createUser();
    const again = await admin().createUser({ email: email.toUpperCase() });
    expect(again.error).toMatchObject({ code: "email_exists", status: 422 });
    const other = await createUser();
    expect((await admin().updateUserById(other.id, { email })).error?.code).toBe("email_exists");
    expect((await admin().inviteUserByEmail(email)).error?.code).toBe("email_exists");
  });

  test.each([
    ["no address", {}],
    ["a malformed address", { email: "nobody" }],
    ["a password over 72 bytes", { email: "long@example.com", password: "é".repeat(37) }],
    ["a ban that is no duration", { email: "ban@example.com", ban_duration: "soon" }],
    ["a ban without an end in sight", { email: "ban@example.com", ban_duration: "9999999999h" }],
    ["metadata that is no object", { email: "meta@example.com", app_metadata: "admin" }],
    ["a NUL in metadata", { email: "nul@example.com", user_metadata: { nul: "\0" } }],
    ["a hash that is none of bcrypt's", { email: "hash@example.com", password_hash: "$argon2id$v=19$x" }],
    ["a password and a hash", { email: "hash@example.com", password: "password1", password_hash: bcryptHash }],
  ])("%s gives validation_failed", async (_, attributes) => {
    const response = await project.request("/auth/v1/admin/users", {
      method: "POST",
      body: JSON.stringify(attributes),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 400, error_code: "validation_failed" });
  });

  test("a user who is not there gives user_not_found, and an id that is no UUID validation_failed", async () => {
    const id = randomUUID();
    expect((await admin().getUserById(id)).error?.code).toBe("user_not_found");
    expect((await admin().updateUserById(id, { role: "x" })).error?.code).toBe("user_not_found");
    const response = await project.request("/auth/v1/admin/users/1");
    expect(await response.json()).toMatchObject({ code: 404, error_code: "validation_failed" });
  });

  test("a body that is no JSON gives bad_json", async () => {
    const response = await project.request("/auth/v1/admin/users", { method: "POST", body: "{" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: "bad_json" });
  });

  test("only the secret key may", async () => {
    const { email } = await createUser({ app_metadata: { roles: ["admin"] } });
    const token = (await signIn(email)).session?.access_token ?? "";
    const { publishableKey, secretKey } = project.stack;
    const asked = async (headers: Record<string, string>) => {
      const response = await project.request("/auth/v1/admin/users", { headers });
      const { error_code } = z.object({ error_code: z.string().optional() }).parse(await response.json());
      return [response.status, error_code];
    };
    expect(await asked({})).toEqual([401, "no_authorization"]);
    expect(await asked({ apikey: "sb_secret_invented" })).toEqual([401, "no_authorization"]);
    expect(await asked({ apikey: publishableKey })).toEqual([403, "not_admin"]);
    expect(await asked({ apikey: publishableKey, authorization: `Bearer ${token}` })).toEqual([403, "not_admin"]);
    expect(await asked({ apikey: secretKey, authorization: `Bearer ${token}` })).toEqual([403, "not_admin"]);
    expect(await asked({ apikey: secretKey, authorization: "Bearer a.b.c" })).toEqual([403, "bad_jwt"]);
    expect(await asked({ apikey: secretKey })).toEqual([200, undefined]);
  });
});

describe("links", () => {
  test("an invited user takes the invitation and is confirmed", async () => {
    const email = newEmail();
    const invited = await admin().inviteUserByEmail(email, { data: { name: "Ada" } });
    expect(invited.data.user).toMatchObject({ email, invited_at: expect.any(String), user_metadata: { name: "Ada" } });
    const { data } = await admin().generateLink({ type: "invite", email });
    const verified = await project.anonymous().auth.verifyOtp({
      token_hash: data.properties?.hashed_token ?? "",
      type: "invite",
    });
    expect(verified.data.user).toMatchObject({ email, email_confirmed_at: expect.any(String) });
  });

  test("a sign-up link confirms the user, who then signs in with the password", async () => {
    const email = newEmail();
    const { data } = await admin().generateLink({ type: "signup", email, password: "password1" });
    expect((await signIn(email)).code).toBe("email_not_confirmed");
    const { error } = await project.anonymous().auth.verifyOtp({
      email,
      token: data.properties?.email_otp ?? "",
      type: "signup",
    });
    expect(error).toBeNull();
    expect((await signIn(email)).code).toBeUndefined();
  });

  test.each(["magiclink", "recovery"] as const)("a %s link verifies once, by hash or by digits", async (type) => {
    const { email } = await createUser();
    const byHash = (await admin().generateLink({ type, email })).data.properties;
    const token_hash = byHash?.hashed_token ?? "";
    const verified = await project.anonymous().auth.verifyOtp({ token_hash, type });
    expect(decodeJwt(verified.data.session?.access_token ?? "")).toMatchObject({ email, amr: [{ method: "otp" }] });
    expect((await project.anonymous().auth.verifyOtp({ token_hash, type })).error?.code).toBe("otp_expired");
    const byDigits = (await admin().generateLink({ type, email })).data.properties;
    const token = byDigits?.email_otp ?? "";
    const wrong = token === "000000" ? "000001" : "000000";
    expect((await project.anonymous().auth.verifyOtp({ email, token: wrong, type })).error?.code).toBe("otp_expired");
    expect((await project.anonymous().auth.verifyOtp({ email, token, type: "email" })).data.user?.email).toBe(email);
  });

  test("following a link leads on with a session", async () => {
    const { email, id } = await createUser({ app_metadata: { roles: ["admin"] } });
    const { data } = await admin().generateLink({ type: "magiclink", email });
    const link = new URL(data.properties?.action_link ?? "");
    const response = await project.request(link.pathname + link.search, { redirect: "manual" });
    expect(response.status).toBe(303);
    const fragment = new URLSearchParams(new URL(response.headers.get("location") ?? "").hash.slice(1));
    expect(decodeJwt(fragment.get("access_token") ?? "")).toMatchObject({
      sub: id,
      app_metadata: { roles: ["admin"] },
    });
  });

  test("a magic link to somebody unknown signs up, a recovery does not", async () => {
    const { data } = await admin().generateLink({ type: "magiclink", email: newEmail() });
    expect(data.properties?.verification_type).toBe("signup");
    const unknown = await admin().generateLink({ type: "recovery", email: newEmail() });
    expect(unknown.error).toMatchObject({ code: "user_not_found", status: 404 });
  });

  test("a change of address is confirmed by its link", async () => {
    const { email } = await createUser();
    const address = newEmail();
    const { data } = await admin().generateLink({ type: "email_change_current", email, newEmail: address });
    const verified = await project.anonymous().auth.verifyOtp({
      token_hash: data.properties?.hashed_token ?? "",
      type: "email_change",
    });
    expect(verified.data.user?.email).toBe(address);
    expect((await signIn(address)).code).toBeUndefined();
  });
});
