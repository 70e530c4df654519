import {
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type FetchImplementation,
  type JWTPayload,
  jwtVerify,
} from "jose";
import { z } from "zod";
import { ApiError } from "../../trpc/api-error.ts";
import { type VerifiedToken, verifiedTokens } from "./verified-tokens.ts";

/** What Waybill reads of a Supabase access token. */
export const claimsSchema = z.object({
  sub: z.guid(),
  email: z.string().optional().catch(undefined),
  exp: z.number(),
  app_metadata: z
    .object({
      roles: z.array(z.string()).optional().catch(undefined),
      permissions: z.array(z.string()).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

export interface VerifierOptions {
  /** The project's URL; its keys are at `auth/v1/.well-known/jwks.json` below it. */
  readonly url: string;
  /** For HS256 (legacy projects and the embedded stack). */
  readonly jwtSecret: string | undefined;
  readonly fetch: FetchImplementation;
  /** Asks Supabase Auth whose token this is: for HS256 tokens whose secret is not known here. Rejects if it is nobody's. */
  readonly askAuth: (token: string) => Promise<void>;
}

export type TokenVerifier = (token: string) => Promise<VerifiedToken>;

/** Clocks may differ by so many seconds. */
const clockTolerance = 10;
const jwksTimeoutMs = 5000;
const asymmetric = ["ES256", "RS256", "EdDSA"];

/**
 * Verifies a Supabase access token: by the shared secret (HS256), by the project's published keys, or, where neither
 * exists, by asking Supabase Auth. Rejects with TOKEN_INVALID, SESSION_EXPIRED or SUPABASE_UNREACHABLE.
 */
export function tokenVerifier({ url, jwtSecret, fetch, askAuth }: VerifierOptions): TokenVerifier {
  const secret = jwtSecret === undefined ? undefined : new TextEncoder().encode(jwtSecret);
  const published = createRemoteJWKSet(new URL("auth/v1/.well-known/jwks.json", url.endsWith("/") ? url : `${url}/`), {
    timeoutDuration: jwksTimeoutMs,
    [customFetch]: (...request) => fetch(...request).catch((cause: unknown) => Promise.reject(keysUnreachable(cause))),
  });
  const rules = { audience: "authenticated", clockTolerance };
  const kept = verifiedTokens(clockTolerance * 1000);
  /** Null for an HS256 token whose secret is not known here. */
  const signedPayload = async (token: string): Promise<JWTPayload | null> => {
    const { alg } = decodeProtectedHeader(token);
    if (alg !== "HS256") return (await jwtVerify(token, published, { ...rules, algorithms: asymmetric })).payload;
    if (secret === undefined) return null;
    return (await jwtVerify(token, secret, { ...rules, algorithms: ["HS256"] })).payload;
  };
  /** Never kept here: Auth knows of a sign-out, which no signature shows; how long its word counts is `askAuth`'s affair. */
  const payloadByAuth = async (token: string): Promise<JWTPayload> => {
    const claims = decodeJwt(token);
    if (claims.aud !== rules.audience) throw new errors.JWTClaimValidationFailed("wrong audience", claims, "aud");
    if ((claims.exp ?? 0) <= Date.now() / 1000 - clockTolerance) throw new errors.JWTExpired("expired", claims, "exp");
    await askAuth(token);
    return claims;
  };
  return async (token) => {
    const known = kept.find(token);
    if (known !== undefined) return known;
    try {
      const signed = await signedPayload(token);
      const verified = verifiedToken(signed ?? (await payloadByAuth(token)));
      if (signed !== null) kept.keep(token, verified);
      return verified;
    } catch (error) {
      throw refusal(error);
    }
  };
}

function verifiedToken(payload: JWTPayload): VerifiedToken {
  const { sub, email, exp, app_metadata } = claimsSchema.parse(payload);
  const { roles = [], permissions = [] } = app_metadata ?? {};
  return { userId: sub, email: email ?? null, roles, permissions, expiresAt: exp };
}

function refusal(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof errors.JWTExpired) {
    return new ApiError({
      code: "SESSION_EXPIRED",
      message: "The access token has expired",
      hint: "Refresh it at Supabase Auth, or sign in by sessions.login, whose sessions are refreshed by sessions.refresh.",
    });
  }
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || isGeneric(error))
    return keysUnreachable(error);
  return new ApiError({ code: "TOKEN_INVALID", cause: error });
}

function keysUnreachable(cause: unknown): ApiError {
  const message = "The project's public keys could not be fetched, so the token could not be verified";
  return new ApiError({ code: "SUPABASE_UNREACHABLE", message, cause });
}

/** jose's own class for "the answer was not 200 OK" is its base class. */
function isGeneric(error: unknown): boolean {
  return error instanceof errors.JOSEError && error.code === errors.JOSEError.code;
}
