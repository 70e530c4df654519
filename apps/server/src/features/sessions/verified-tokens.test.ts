import { SignJWT } from "jose";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "../../trpc/api-error.ts";
import { tokenVerifier } from "./access-token.ts";
import { verifiedTokenLimit, verifiedTokens } from "./verified-tokens.ts";

const begun = Date.parse("2026-11-25T12:00:00Z");
const minute = 60_000;
const tolerance = 10_000;

function tokensAt(moment: { now: number }) {
  return verifiedTokens(tolerance, () => moment.now);
}

function ofUser(userId: string, expiresAt = begun + 60 * minute) {
  return { userId, email: null, roles: [], permissions: [], expiresAt: expiresAt / 1000 };
}

afterEach(() => void vi.useRealTimers());

it("knows a token for a minute, and no other that is nearly the same", () => {
  const moment = { now: begun };
  const tokens = tokensAt(moment);
  tokens.keep("a.b.cccccc", ofUser("ada"));
  expect(tokens.find("a.b.cccccc")).toEqual(ofUser("ada"));
  for (const other of ["a.b.cccccC", "a.b.ccccc", "a.b.cccccc ", "A.b.cccccc", ""]) {
    expect(tokens.find(other)).toBeUndefined();
  }
  moment.now += minute - 1;
  expect(tokens.find("a.b.cccccc")).toBeDefined();
  moment.now += 1;
  expect(tokens.find("a.b.cccccc")).toBeUndefined();
});

it("gives each token its own user", () => {
  const tokens = tokensAt({ now: begun });
  const names = Array.from({ length: 100 }, (_, index) => `user-${index}`);
  for (const name of names) tokens.keep(`token of ${name}`, ofUser(name));
  for (const name of names) expect(tokens.find(`token of ${name}`)?.userId).toBe(name);
});

it("knows no token past its expiry, but forgives clocks that differ by seconds", () => {
  const moment = { now: begun };
  const tokens = tokensAt(moment);
  tokens.keep("t", ofUser("ada", begun + 20_000));
  moment.now += 20_000 + tolerance - 1;
  expect(tokens.find("t")).toBeDefined();
  moment.now += 1;
  expect(tokens.find("t")).toBeUndefined();
});

it("lets a clock that was set back lengthen nothing", () => {
  const moment = { now: begun };
  const tokens = tokensAt(moment);
  tokens.keep("t", ofUser("ada"));
  moment.now -= 1;
  expect(tokens.find("t")).toBeUndefined();
});

it("keeps so many tokens at most, and those that were asked for last", () => {
  const tokens = tokensAt({ now: begun });
  for (let index = 0; index < verifiedTokenLimit; index++) tokens.keep(`t${index}`, ofUser(`${index}`));
  expect(tokens.find("t0")?.userId).toBe("0");
  tokens.keep("one more", ofUser("x"));
  expect(tokens.find("t0")).toBeDefined();
  expect(tokens.find("t1")).toBeUndefined();
});

const sub = "0193f2a4-7d1e-4c3a-9b0e-5f6a7b8c9d0e";
const secret = "a-secret-of-thirty-two-characters";
const issuer = "https://abc.supabase.co/auth/v1";
const sign = (seconds: number, key = secret) =>
  new SignJWT({ sub, iss: issuer, aud: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(new TextEncoder().encode(key));

it("refuses a token that was taken before as soon as it has expired, and says why", async () => {
  vi.useFakeTimers({ now: begun, toFake: ["Date"] });
  const fail = () => Promise.reject(new TypeError("not to be asked"));
  const verify = tokenVerifier({ issuer, jwtSecret: secret, keys: fail, askAuth: fail });
  const token = await sign(30);
  for (const later of [0, 29_000, 38_000]) {
    vi.setSystemTime(begun + later);
    expect((await verify(token)).userId).toBe(sub);
  }
  vi.setSystemTime(begun + 41_000);
  const refused: unknown = await verify(token).catch((error: unknown) => error);
  expect(refused instanceof ApiError && refused.waybillCode).toBe("SESSION_EXPIRED");
});

it("leaves a token whose secret is not known to Supabase Auth each time, which knows of a sign-out", async () => {
  let signedIn = true;
  const verify = tokenVerifier({
    issuer,
    jwtSecret: undefined,
    keys: () => Promise.reject(new TypeError("not to be asked")),
    askAuth: () => (signedIn ? Promise.resolve() : Promise.reject(new ApiError({ code: "TOKEN_INVALID" }))),
  });
  const token = await sign(3600);
  expect((await verify(token)).userId).toBe(sub);
  signedIn = false;
  await expect(verify(token)).rejects.toThrow(ApiError);
});
