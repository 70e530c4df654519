import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ApiError } from "../../trpc/api-error.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";
import { openIssuer } from "../../testing/stub-issuer.ts";
import { type TokenVerifier, tokenVerifier } from "./access-token.ts";
import { projectKeys } from "./project-keys.ts";

const secret = "a-secret-of-thirty-two-characters";
const sub = "0193f2a4-7d1e-4c3a-9b0e-5f6a7b8c9d0e";
const issuer = "https://abc.supabase.co/auth/v1";
const good = {
  sub,
  iss: issuer,
  aud: "authenticated",
  email: "ada@example.com",
  app_metadata: { roles: ["admin"], permissions: ["models.read"] },
};
const notAsked = () => Promise.reject(new TypeError("not to be asked"));
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

function signed(
  claims: JWTPayload,
  { key = secret, expires = "1h" }: { key?: string; expires?: string } = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(key));
}

async function refusedBy(verify: TokenVerifier, token: string): Promise<ApiError> {
  const refused = await verify(token).then(
    () => null,
    (error: unknown) => error,
  );
  if (refused instanceof ApiError) return refused;
  throw new Error(`not refused, but ${String(refused)}`);
}
const codeOf = async (verify: TokenVerifier, token: string) => (await refusedBy(verify, token)).waybillCode;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("by the shared secret", () => {
  const verify = tokenVerifier({ issuer, jwtSecret: secret, keys: notAsked, askAuth: notAsked });

  it("takes a good token and reads user, roles and permissions", async () => {
    const { roles, permissions } = good.app_metadata;
    expect(await verify(await signed(good))).toMatchObject({ userId: sub, email: good.email, roles, permissions });
  });

  it("reads roles from app_metadata alone: what a user can write itself makes nobody an admin", async () => {
    const roles = ["admin"];
    const wishful = { ...good, app_metadata: {}, user_metadata: { roles }, roles, role: "service_role" };
    // a token of role service_role is an API key
    expect((await verify(await signed({ ...wishful, role: "authenticated" }))).roles).toEqual([]);
    expect(await codeOf(verify, await signed(wishful))).toBe("TOKEN_INVALID");
    const many = Array.from({ length: 51 }, (_, at) => `role ${at}`);
    for (const odd of ["admin", ["admin"], { roles: "admin" }, { roles: [["admin"]] }, { roles: many }, null]) {
      expect((await verify(await signed({ ...good, app_metadata: odd }))).roles).toEqual([]);
    }
    for (const odd of ["x", [1], ["x".repeat(101)], Array.from({ length: 201 }, () => "x")]) {
      expect(await verify(await signed({ ...good, app_metadata: { roles, permissions: odd } }))).toMatchObject({
        roles,
        permissions: [],
      });
    }
  });

  it("tells each way of being no good by a code of its own", async () => {
    const [head, body] = (await signed(good)).split(".");
    const refusals: [code: string, token: string][] = [
      ["SESSION_EXPIRED", await signed(good, { expires: "-1h" })],
      ["TOKEN_FORGED", await signed(good, { key: "another-secret-of-32-characters!!" })],
      ["TOKEN_FORGED", `${head}.${part({ ...good, sub: crypto.randomUUID(), exp: inSeconds(60) })}.AAAA`],
      ["TOKEN_FOREIGN", await signed({ ...good, iss: "https://def.supabase.co/auth/v1" })],
      ["TOKEN_FOREIGN", await signed({ ...good, iss: "https://def.supabase.co/auth/v1" }, { key: "x".repeat(40) })],
      ["TOKEN_FOREIGN", await signed({ ...good, iss: `${issuer}/` })],
      ["TOKEN_FOREIGN", await signed({ sub, aud: "authenticated" })],
      ["TOKEN_UNSIGNED", `${part({ alg: "none" })}.${body}.`],
      ["TOKEN_UNSIGNED", `${part({ alg: "NonE" })}.${body}.x`],
      ["TOKEN_ALGORITHM", `${part({ alg: "HS512" })}.${body}.x`],
      ["CLOCK_SKEW", await signed({ ...good, iat: inSeconds(3600) }, { expires: "2h" })],
      ["CLOCK_SKEW", await signed({ ...good, nbf: inSeconds(3600) }, { expires: "2h" })],
      ["TOKEN_INVALID", await signed({ ...good, aud: "anon" })],
      ["TOKEN_INVALID", await signed({ ...good, sub: "nobody" })],
      ["TOKEN_INVALID", `${part({ alg: "HS256" })}.${part({ ...good })}.x.y`],
      ...[`${head}.${body}`, "a.b.c", "x", "..", `${part({})}.${body}.x`].map((token): [string, string] => [
        "TOKEN_INVALID",
        token,
      ]),
    ];
    for (const [code, token] of refusals) expect([code, await codeOf(verify, token)]).toEqual([code, code]);
  });

  it("takes no token without an expiry", async () => {
    const forever = await new SignJWT(good).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
    expect(await codeOf(verify, forever)).toBe("TOKEN_INVALID");
  });

  it("forgives clocks that differ by seconds, and no more", async () => {
    expect((await verify(await signed(good, { expires: "-5s" }))).userId).toBe(sub);
    expect(await codeOf(verify, await signed(good, { expires: "-30s" }))).toBe("SESSION_EXPIRED");
    expect((await verify(await signed({ ...good, iat: inSeconds(5) }))).userId).toBe(sub);
    expect(await codeOf(verify, await signed({ ...good, iat: inSeconds(30) }))).toBe("CLOCK_SKEW");
  });
});

describe("by the project's published keys", () => {
  it("takes a token of a published key, at a project below a path too, and none of another", async () => {
    await using stub = await openIssuer();
    const own = await stub.publish("k1");
    const { privateKey: foreign } = await generateKeyPair("ES256");
    const verify = tokenVerifier({ issuer, jwtSecret: undefined, keys: stub.keys(), askAuth: notAsked });
    expect(await verify(await stub.sign(good, own, "k1"))).toMatchObject({ userId: sub });
    expect(await codeOf(verify, await stub.sign(good, foreign, "k1"))).toBe("TOKEN_FORGED");
    expect(await codeOf(verify, await stub.sign(good, foreign, "k2"))).toBe("TOKEN_FORGED");
    const elsewhere = { ...good, iss: "https://def.supabase.co/auth/v1" };
    expect(await codeOf(verify, await stub.sign(elsewhere, foreign, "k2"))).toBe("TOKEN_FOREIGN");
  });

  it("never takes a public key for a secret (key confusion)", async () => {
    await using stub = await openIssuer();
    const { publicKey } = await stub.publishPair("k1");
    const pem = await exportSPKI(publicKey);
    const jwk = JSON.stringify(await exportJWK(publicKey));
    const withSecret = tokenVerifier({ issuer, jwtSecret: secret, keys: stub.keys(), askAuth: notAsked });
    for (const key of [pem, pem.trim(), jwk]) {
      const confused = await new SignJWT({ ...good })
        .setProtectedHeader({ alg: "HS256", kid: "k1" })
        .setExpirationTime("1h")
        .sign(new TextEncoder().encode(key));
      expect(await codeOf(withSecret, confused)).toBe("TOKEN_FORGED");
      let asked = 0;
      const blind = tokenVerifier({
        issuer,
        jwtSecret: undefined,
        keys: notAsked,
        askAuth: () => (asked++, Promise.reject(new ApiError({ code: "TOKEN_INVALID" }))),
      });
      expect([await codeOf(blind, confused), asked]).toEqual(["TOKEN_INVALID", 1]);
    }
  });

  it("takes an algorithm that does not fit the key for a forgery", async () => {
    await using stub = await openIssuer();
    await stub.publish("k1");
    const { privateKey } = await generateKeyPair("RS256");
    const token = await new SignJWT(good)
      .setProtectedHeader({ alg: "RS256", kid: "k1" })
      .setExpirationTime("1h")
      .sign(privateKey);
    const verify = tokenVerifier({ issuer, jwtSecret: undefined, keys: stub.keys(), askAuth: notAsked });
    expect(await codeOf(verify, token)).toBe("TOKEN_FORGED");
  });

  it("says that the keys could not be fetched, and does not blame the token", async () => {
    await using stub = await openIssuer();
    const { privateKey } = await generateKeyPair("ES256");
    const token = await stub.sign(good, privateKey, "k1");
    const verify = () => tokenVerifier({ issuer, jwtSecret: undefined, keys: stub.keys(), askAuth: notAsked });
    stub.answerWith(503, "");
    expect(await codeOf(verify(), token)).toBe("SUPABASE_UNREACHABLE");
    stub.answerWith(200, "{}");
    expect(await codeOf(verify(), token)).toBe("SUPABASE_UNREACHABLE");
    stub.answerWith(200, "<html>");
    expect(await codeOf(verify(), token)).toBe("SUPABASE_UNREACHABLE");
    const keys = projectKeys({ url: new URL("http://127.0.0.1:1/jwks.json"), fetch });
    expect(await codeOf(tokenVerifier({ issuer, jwtSecret: undefined, keys, askAuth: notAsked }), token)).toBe(
      "SUPABASE_UNREACHABLE",
    );
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
    const own = { ...good, iss: `${inject("stack").url}/auth/v1`, sub: person.userId };
    const forged = await signed(own, { key: "forged-forged-forged-forged-forged" });
    expect(await refusalOf(blind.client(forged).sessions.me.query())).toMatchObject({
      code: "TOKEN_INVALID",
      httpStatus: 401,
    });
    const old = await signed(own, { expires: "-1h" });
    expect(await refusalOf(blind.client(old).sessions.me.query())).toMatchObject({ code: "SESSION_EXPIRED" });
  });

  it("takes no token of a user who is gone, and none signed by a key that the project never published", async () => {
    const { email, password, userId } = await stage.newUser();
    const { data } = await stage.services.waybill.anon().auth.signInWithPassword({ email, password });
    await stage.services.waybill.service().auth.admin.deleteUser(userId);
    const gone = blind.client(data.session?.access_token).sessions.me.query();
    expect(await refusalOf(gone)).toMatchObject({ httpStatus: 401 });
    const { privateKey } = await generateKeyPair("ES256");
    const unpublished = await new SignJWT({ ...good, iss: `${inject("stack").url}/auth/v1` })
      .setProtectedHeader({ alg: "ES256", kid: "k" })
      .setExpirationTime("1h")
      .sign(privateKey);
    expect(await refusalOf(stage.client(unpublished).sessions.me.query())).toMatchObject({ code: "TOKEN_FORGED" });
  });

  it("gives the keys of the project themselves no entry", async () => {
    const { publishableKey, secretKey } = inject("stack");
    for (const key of [publishableKey, secretKey]) {
      expect(await refusalOf(stage.client(key).sessions.me.query())).toMatchObject({ code: "TOKEN_INVALID" });
    }
  });
});
