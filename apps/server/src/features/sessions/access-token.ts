import { clientTypeOfKey, type SessionPermissions, sessionPermissionsSchema } from "@waybill/contracts";
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { ApiError } from "../../trpc/api-error.ts";
import { clockToleranceSeconds, refuseWrongTimes } from "./token-times.ts";
import { tokenRefusal } from "./token-refusal.ts";
import { type VerifiedToken, verifiedTokens } from "./verified-tokens.ts";

const { roles, permissions } = sessionPermissionsSchema.shape;

/** What Waybill reads of a Supabase access token. What is odd in `app_metadata` gives nobody a right. */
export const claimsSchema = z.object({
  sub: z.guid(),
  email: z.string().optional().catch(undefined),
  exp: z.number(),
  app_metadata: z
    .object({ roles: roles.optional().catch(undefined), permissions: permissions.optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

/** What a token says of its user's rights. */
export function permissionsOf({ app_metadata }: z.output<typeof claimsSchema>): SessionPermissions {
  return { roles: app_metadata?.roles ?? [], permissions: app_metadata?.permissions ?? [] };
}

export interface VerifierOptions {
  /** Who must have issued it: `<project>/auth/v1`, unless the operator says otherwise. */
  readonly issuer: string;
  /** For HS256 (legacy projects and the embedded stack). */
  readonly jwtSecret: string | undefined;
  /** The project's published keys, for all other algorithms. */
  readonly keys: JWTVerifyGetKey;
  /** Asks Supabase Auth whose token this is: for HS256 tokens whose secret is not known here. Rejects if it is nobody's. */
  readonly askAuth: (token: string) => Promise<void>;
}

export type TokenVerifier = (token: string) => Promise<VerifiedToken>;

const audience = "authenticated";
const asymmetric = ["ES256", "RS256", "EdDSA"];

/**
 * Verifies a Supabase access token: by the shared secret (HS256), by the project's published keys, or, where neither
 * exists, by asking Supabase Auth. The algorithm decides by which, so that a public key is never taken for a secret.
 * Rejects with the codes of `tokenRefusal`, or SUPABASE_UNREACHABLE.
 */
export function tokenVerifier({ issuer, jwtSecret, keys, askAuth }: VerifierOptions): TokenVerifier {
  const secret = jwtSecret === undefined ? undefined : new TextEncoder().encode(jwtSecret);
  const rules = { issuer, audience, clockTolerance: clockToleranceSeconds };
  const kept = verifiedTokens(clockToleranceSeconds * 1000);
  /** Null for an HS256 token whose secret is not known here. */
  const signedPayload = async (token: string, alg: string): Promise<JWTPayload | null> => {
    if (alg !== "HS256") return (await jwtVerify(token, keys, { ...rules, algorithms: asymmetric })).payload;
    if (secret === undefined) return null;
    return (await jwtVerify(token, secret, { ...rules, algorithms: ["HS256"] })).payload;
  };
  /** Never kept here: Auth knows of a sign-out, which no signature shows; how long its word counts is `askAuth`'s affair. */
  const payloadByAuth = async (token: string): Promise<JWTPayload> => {
    const claims = decodeJwt(token);
    if (claims.aud !== audience) throw new errors.JWTClaimValidationFailed("wrong audience", claims, "aud");
    refuseWrongTimes(claims);
    await askAuth(token);
    return claims;
  };
  return async (token) => {
    const known = kept.find(token);
    if (known !== undefined) return known;
    try {
      const alg = algorithmOf(token);
      refuseForeign(token, issuer);
      const signed = await signedPayload(token, alg);
      if (signed !== null) refuseWrongTimes(signed);
      const verified = verifiedToken(signed ?? (await payloadByAuth(token)));
      if (signed !== null) kept.keep(token, verified);
      return verified;
    } catch (error) {
      throw tokenRefusal(error);
    }
  };
}

/** Throws for what no key is looked up for: no token, no signature, no algorithm of Supabase Auth. */
function algorithmOf(token: string): string {
  if (clientTypeOfKey(token) !== null) {
    throw new ApiError({
      code: "TOKEN_INVALID",
      message: "The bearer is an API key of the project, not a user's token",
    });
  }
  const { alg } = decodeProtectedHeader(token);
  if (typeof alg !== "string") throw new errors.JWSInvalid("no algorithm");
  if (alg.toLowerCase() === "none") throw new ApiError({ code: "TOKEN_UNSIGNED" });
  if (alg !== "HS256" && !asymmetric.includes(alg)) throw new errors.JOSEAlgNotAllowed(alg);
  return alg;
}

/** Before the signature, which another project's key made: whose it is says more than that it fits none of ours. */
function refuseForeign(token: string, issuer: string): void {
  const claims = decodeJwt(token);
  if (claims.iss !== issuer) throw new errors.JWTClaimValidationFailed("another issuer", claims, "iss");
}

function verifiedToken(payload: JWTPayload): VerifiedToken {
  const claims = claimsSchema.parse(payload);
  return { userId: claims.sub, email: claims.email ?? null, ...permissionsOf(claims), expiresAt: claims.exp };
}
