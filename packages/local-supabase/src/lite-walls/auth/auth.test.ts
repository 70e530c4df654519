import { decodeJwt, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedProject, type TestProject } from "../../testing/project.ts";

const schema = /* sql */ `
  create function public.claims() returns jsonb language sql stable as $$
    select jsonb_build_object('uid', auth.uid(), 'role', auth.role(), 'email', auth.email(), 'jwt', auth.jwt())
  $$;
  create table public.seen (path text default current_setting('request.path'), header text
    default current_setting('request.headers')::json ->> 'x-request-id', id int);
  create role reporter nologin;
  grant reporter to authenticator;
  grant usage on schema public, auth to reporter;
  create function public.caller_by_single_claims() returns text language sql as $$
    select set_config('request.jwt.claims', '', true);
    select set_config('request.jwt.claim.sub', '00000000-0000-0000-0000-00000000000a', true);
    select set_config('request.jwt.claim.email', 'single@example.com', true);
    select auth.uid() || ' ' || auth.email()
  $$;`;

describe.each(["pglite", "native"] as const)("Auth on %s", (engine) => {
  let project: TestProject;
  beforeAll(async () => {
    project = await sharedProject(schema, engine);
  });
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
  });

  describe("tokens", () => {
    test("carry the claims of a hosted project, and verify", async () => {
      const user = await project.signedUp("claims@example.com");
      const { data } = await user.auth.getClaims();
      const { data: session } = await user.auth.getSession();
      const now = Math.floor(Date.now() / 1000);
      expect(data?.claims).toMatchObject({
        iss: `${project.stack.url}/auth/v1`,
        sub: session.session?.user.id,
        aud: "authenticated",
        role: "authenticated",
        email: "claims@example.com",
        phone: "",
        aal: "aal1",
        amr: [{ method: "password", timestamp: expect.any(Number) }],
        session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        is_anonymous: false,
        app_metadata: { provider: "email", providers: ["email"] },
        user_metadata: { email: "claims@example.com", email_verified: true },
      });
      expect(Math.abs((data?.claims.exp ?? 0) - now - 3600)).toBeLessThan(60);
      expect((await user.auth.getUser()).data.user?.id).toBe(session.session?.user.id);
    });

    test("stay of the same session after a refresh, and take up what has changed", async () => {
      const user = await project.signedUp("refresh@example.com");
      const before = decodeJwt((await user.auth.getSession()).data.session?.access_token ?? "");
      await user.auth.updateUser({ data: { name: "Ada" } });
      const { data, error } = await user.auth.refreshSession();
      expect(error).toBeNull();
      const after = decodeJwt(data.session?.access_token ?? "");
      expect(after).toMatchObject({
        session_id: before["session_id"],
        amr: before["amr"],
        user_metadata: { name: "Ada", email: "refresh@example.com" },
      });
      expect((await user.rpc("claims")).data).toMatchObject({ jwt: { user_metadata: { name: "Ada" } } });
      expect((await user.auth.refreshSession()).error).toBeNull();
    });

    test("rotate: one whose answer was lost may be used again, an older one costs the session", async () => {
      const first = (await (await project.signedUp("rotation@example.com")).auth.getSession()).data.session;
      const refresh = async (refresh_token: string | undefined) =>
        project.anonymous().auth.refreshSession({ refresh_token: refresh_token ?? "" });
      const second = (await refresh(first?.refresh_token)).data.session;
      expect(second?.refresh_token).not.toBe(first?.refresh_token);
      // the parent of the newest, as often as it takes
      for (let n = 0; n < 2; n += 1) {
        expect((await refresh(first?.refresh_token)).data.session?.refresh_token).toBe(second?.refresh_token);
      }
      const third = (await refresh(second?.refresh_token)).data.session;
      expect((await refresh(first?.refresh_token)).error?.code).toBe("refresh_token_already_used");
      expect((await refresh(third?.refresh_token)).error?.code).toBe("refresh_token_already_used");
    });

    test("end with the session", async () => {
      const user = await project.signedUp("signout@example.com");
      const { data } = await user.auth.getSession();
      expect((await user.auth.signOut()).error).toBeNull();
      const refresh_token = data.session?.refresh_token ?? "";
      expect((await project.anonymous().auth.refreshSession({ refresh_token })).error?.code).toBe(
        "refresh_token_not_found",
      );
      const authorization = `Bearer ${data.session?.access_token}`;
      const headers = { apikey: project.stack.publishableKey, authorization };
      const gone = await project.request("/auth/v1/user", { headers });
      expect(await gone.json()).toMatchObject({ code: 403, error_code: "session_not_found" });
    });

    test.each([
      ["signed with another secret", "x".repeat(40), "1h"],
      ["out of date", undefined, "-1h"],
    ])("%s are refused by Auth and by the Data API", async (_, secret, expiry) => {
      const token = await new SignJWT({ role: "authenticated", sub: "00000000-0000-0000-0000-00000000000a" })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime(expiry)
        .sign(new TextEncoder().encode(secret ?? project.stack.jwtSecret));
      const headers = { apikey: project.stack.publishableKey, authorization: `Bearer ${token}` };
      expect((await project.request("/rest/v1/rpc/claims", { method: "POST", body: "{}", headers })).status).toBe(401);
      expect((await project.request("/auth/v1/user", { headers })).status).toBe(403);
    });
  });

  test("a token may name the roles of authenticator, and no other", async () => {
    const { publishableKey, jwtSecret } = project.stack;
    const called = async (role: string) => {
      const token = await new SignJWT({ role })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime("1h")
        .sign(new TextEncoder().encode(jwtSecret));
      const headers = { apikey: publishableKey, authorization: `Bearer ${token}`, "content-type": "application/json" };
      const response = await project.request("/rest/v1/rpc/claims", { method: "POST", body: "{}", headers });
      return [response.status, JSON.stringify(await response.json())];
    };
    expect(await called("reporter")).toEqual([200, expect.stringContaining('"role":"reporter"')]);
    expect(await called("postgres")).toEqual([403, expect.stringContaining("42501")]);
    expect(await called("nobody at all")).toEqual([403, expect.stringContaining("42501")]);
  });

  describe("the helpers of policies", () => {
    test("know the request that they run for", async () => {
      const { data, error } = await project.service
        .from("seen")
        .insert({ id: 1 })
        .select()
        .setHeader("x-request-id", "r1");
      expect({ data, error }).toEqual({ data: [{ path: "/seen", header: "r1", id: 1 }], error: null });
    });

    test("know a user by the token", async () => {
      const user = await project.signedUp("helpers@example.com");
      const id = (await user.auth.getSession()).data.session?.user.id;
      expect((await user.rpc("claims")).data).toMatchObject({
        uid: id,
        role: "authenticated",
        email: "helpers@example.com",
        jwt: { sub: id, aal: "aal1", app_metadata: { provider: "email" } },
      });
    });

    test("know a visitor and the secret key by their roles", async () => {
      for (const [client, role] of [
        [project.anonymous(), "anon"],
        [project.service, "service_role"],
      ] as const) {
        expect((await client.rpc("claims")).data).toEqual({ uid: null, role, email: null, jwt: { role } });
      }
    });

    test("read single claims too, as a hosted project's do", async () => {
      const { data } = await project.service.rpc("caller_by_single_claims");
      expect(data).toBe("00000000-0000-0000-0000-00000000000a single@example.com");
    });
  });

  describe("sign-up and sign-in", () => {
    test("an address is taken once", async () => {
      await project.signedUp("twice@example.com");
      const { error } = await project.anonymous().auth.signUp({ email: "Twice@example.com", password: "password1" });
      expect(error?.code).toBe("user_already_exists");
    });

    test("a wrong password, a short one, and one that changes", async () => {
      const email = "password@example.com";
      const user = await project.signedUp(email);
      const signIn = (password: string) => project.anonymous().auth.signInWithPassword({ email, password });
      expect((await signIn("wrong")).error).toMatchObject({ code: "invalid_credentials", status: 400 });
      const short = await project.anonymous().auth.signUp({ email: "short@example.com", password: "five5" });
      expect(short.error).toMatchObject({ code: "weak_password", status: 422 });
      expect((await user.auth.updateUser({ password: "changed12" })).error).toBeNull();
      expect((await signIn("password1")).error?.code).toBe("invalid_credentials");
      expect((await signIn("changed12")).error).toBeNull();
    });

    test("a NUL, which Postgres cannot hold, is the caller's fault", async () => {
      const { error } = await project.anonymous().auth.signUp({
        email: "nul@example.com",
        password: "password1",
        options: { data: { nul: "\0" } },
      });
      expect(error).toMatchObject({
        status: 400,
        code: "validation_failed",
        message: expect.stringContaining("Unicode"),
      });
    });

    test("times are ISO 8601", async () => {
      const user = await project.signedUp("times@example.com");
      const { data } = await user.auth.getUser();
      expect(data.user?.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/);
    });
  });
});
