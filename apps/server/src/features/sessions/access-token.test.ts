import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { keyFetcher } from "../../start/fetch-keys.ts";
import { ApiError } from "../../trpc/api-error.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";
import { type TokenVerifier, tokenVerifier } from "./access-token.ts";

const secret = "a-secret-of-thirty-two-characters";
const sub = "0193f2a4-7d1e-4c3a-9b0e-5f6a7b8c9d0e";
const good = { sub, aud: "authenticated", email: "ada@example.com", app_metadata: { roles: ["admin"] } };

function signed(
  claims: JWTPayload,
  { key = secret, expires = "1h" }: { key?: string; expires?: string } = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(key));
}

async function codeOf(verify: TokenVerifier, token: string): Promise<string> {
  const refused = await verify(token).then(
    () => null,
    (error: unknown) => error,
  );
  return refused instanceof ApiError ? refused.waybillCode : String(refused);
}

describe("by the shared secret", () => {
  const verify = tokenVerifier({
    url: "https://127.0.0.1:1",
    jwtSecret: secret,
    fetch: () => Promise.reject(new TypeError("not to be asked")),
    askAuth: () => Promise.reject(new TypeError("not to be asked")),
  });

  it("takes a good token and reads user and roles", async () => {
    expect(await verify(await signed(good))).toMatchObject({ userId: sub, email: good.email, roles: ["admin"] });
  });

  it("reads roles from app_metadata alone: what a user can write itself makes nobody an admin", async () => {
    const roles = ["admin"];
    const wishful = { ...good, app_metadata: {}, user_metadata: { roles }, roles, role: "service_role" };
    expect((await verify(await signed(wishful))).roles).toEqual([]);
    for (const odd of ["admin", ["admin"], { roles: "admin" }, { roles: [["admin"]] }, null]) {
      expect((await verify(await signed({ ...good, app_metadata: odd }))).roles).toEqual([]);
    }
  });

  it("tells an expired token from a bad one", async () => {
    expect(await codeOf(verify, await signed(good, { expires: "-1h" }))).toBe("SESSION_EXPIRED");
    expect(await codeOf(verify, await signed(good, { key: "another-secret-of-32-characters!!" }))).toBe(
      "TOKEN_INVALID",
    );
    expect(await codeOf(verify, await signed({ ...good, aud: "anon" }))).toBe("TOKEN_INVALID");
    expect(await codeOf(verify, await signed({ aud: "authenticated" }))).toBe("TOKEN_INVALID");
    const [head, body] = (await signed(good)).split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    for (const token of [`${head}.${body}.`, `${none}.${body}.`, `${none}.${body}.x`, "a.b.c", "x"]) {
      expect(await codeOf(verify, token)).toBe("TOKEN_INVALID");
    }
  });

  it("forgives clocks that differ by seconds, and no more", async () => {
    expect(await codeOf(verify, await signed(good, { expires: "-5s" }))).toBe("null");
    expect(await codeOf(verify, await signed(good, { expires: "-30s" }))).toBe("SESSION_EXPIRED");
  });
});

describe("by the project's published keys", () => {
  let issuer: Server;
  let keys: object[] = [];
  let status = 200;
  let body: string | undefined;
  let base = "";
  let url: string;
  const fetchKeys = keyFetcher(undefined);

  beforeAll(async () => {
    issuer = createServer((request, response) => {
      response.statusCode = request.url === `${base}/auth/v1/.well-known/jwks.json` ? status : 404;
      response.end(body ?? JSON.stringify({ keys }));
    }).listen(0, "127.0.0.1");
    await once(issuer, "listening");
    const address = issuer.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  });
  afterAll(async () => {
    await fetchKeys[Symbol.asyncDispose]();
    issuer.close();
  });

  const verifier = () =>
    tokenVerifier({
      url: `${url}${base}`,
      jwtSecret: undefined,
      fetch: fetchKeys,
      askAuth: () => Promise.reject(new TypeError("not to be asked")),
    });

  it("takes a token of a published key, and none of another", async () => {
    const [own, foreign] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
    keys = [{ ...(await exportJWK(own.publicKey)), kid: "k1", alg: "ES256" }];
    const sign = (key: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"]) =>
      new SignJWT(good).setProtectedHeader({ alg: "ES256", kid: "k1" }).setExpirationTime("1h").sign(key);
    const verify = verifier();
    expect(await verify(await sign(own.privateKey))).toMatchObject({ userId: sub });
    base = "/below";
    expect(await verifier()(await sign(own.privateKey))).toMatchObject({ userId: sub });
    base = "";
    expect(await codeOf(verify, await sign(foreign.privateKey))).toBe("TOKEN_INVALID");
  });

  it("says that the keys could not be fetched, and does not blame the token", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const token = await new SignJWT(good).setProtectedHeader({ alg: "ES256" }).setExpirationTime("1h").sign(privateKey);
    status = 503;
    expect(await codeOf(verifier(), token)).toBe("SUPABASE_UNREACHABLE");
    status = 200;
    body = "{}";
    expect(await codeOf(verifier(), token)).toBe("SUPABASE_UNREACHABLE");
    body = undefined;
    const gone = tokenVerifier({
      url: "http://127.0.0.1:1",
      jwtSecret: undefined,
      fetch: fetchKeys,
      askAuth: () => Promise.resolve(),
    });
    expect(await codeOf(gone, token)).toBe("SUPABASE_UNREACHABLE");
  });
});

describe("over HTTP, with tokens of the real Supabase Auth", () => {
  let stage: Stage;
  let blind: Stage;
  let person: Person;

  beforeAll(async () => {
    stage = await openStage();
    blind = await openStage({ env: { SUPABASE_JWT_SECRET: "" } });
    person = await stage.newUser();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await blind[Symbol.asyncDispose]();
  });

  const accessToken = async (): Promise<string> => {
    const { email, password } = person;
    const { data } = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
    return data.session?.access_token ?? "";
  };

  it("takes a plain Supabase access token as bearer, without a session of its own", async () => {
    const me = await stage.client(await accessToken()).sessions.me.query();
    expect(me).toMatchObject({ user_id: person.userId, session: null });
    expect(await refusalOf(stage.client(await accessToken()).sessions.logout.mutate())).toMatchObject({
      code: "TOKEN_INVALID",
    });
  });

  it("asks Supabase Auth where the secret is not known: it takes a good token and refuses a forged one", async () => {
    const me = await blind.client(await accessToken()).sessions.me.query();
    expect(me).toMatchObject({ user_id: person.userId });
    const forged = await signed({ ...good, sub: person.userId }, { key: "forged-forged-forged-forged-forged" });
    expect(await refusalOf(blind.client(forged).sessions.me.query())).toMatchObject({
      code: "TOKEN_INVALID",
      httpStatus: 401,
    });
    const old = await signed({ ...good, sub: person.userId }, { expires: "-1h" });
    expect(await refusalOf(blind.client(old).sessions.me.query())).toMatchObject({ code: "SESSION_EXPIRED" });
  });

  it("takes no token of a user who is gone, and none signed by a key that the project never published", async () => {
    const { email, password, userId } = await stage.newUser();
    const { data } = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
    await stage.services.waybill.service().auth.admin.deleteUser(userId);
    const gone = blind.client(data.session?.access_token).sessions.me.query();
    expect(await refusalOf(gone)).toMatchObject({ httpStatus: 401 });
    const { privateKey } = await generateKeyPair("ES256");
    const foreign = await new SignJWT(good)
      .setProtectedHeader({ alg: "ES256", kid: "k" })
      .setExpirationTime("1h")
      .sign(privateKey);
    expect(await refusalOf(stage.client(foreign).sessions.me.query())).toMatchObject({ code: "TOKEN_INVALID" });
  });

  it("gives the keys of the project themselves no entry", async () => {
    const { publishableKey, secretKey } = inject("stack");
    for (const key of [publishableKey, secretKey]) {
      expect(await refusalOf(stage.client(key).sessions.me.query())).toMatchObject({ code: "TOKEN_INVALID" });
    }
  });
});
