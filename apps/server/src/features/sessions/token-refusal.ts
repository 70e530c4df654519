import { type ErrorCode } from "@waybill/contracts";
import { errors } from "jose";
import { z } from "zod";
import { ApiError } from "../../trpc/api-error.ts";

/** Why an access token was not taken: a code of its own for each that its sender or the operator can act on. */
export function tokenRefusal(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof errors.JWTExpired) {
    return new ApiError({
      code: "SESSION_EXPIRED",
      message: "The access token has expired",
      hint: "Refresh it at Supabase Auth, or sign in by sessions.login, whose sessions the server refreshes.",
      cause,
    });
  }
  if (cause instanceof errors.JWTClaimValidationFailed) return claimRefusal(cause);
  if (cause instanceof errors.JWSSignatureVerificationFailed) {
    return refused("TOKEN_FORGED", "The token's signature is wrong: it was changed, or signed with another key", cause);
  }
  if (cause instanceof errors.JWKSNoMatchingKey) {
    return refused("TOKEN_FORGED", "The project publishes no key of the token's key id and algorithm", cause);
  }
  if (cause instanceof errors.JWKSMultipleMatchingKeys) {
    return refused("TOKEN_INVALID", "The token names no key (kid), and the project publishes several", cause);
  }
  if (cause instanceof errors.JOSEAlgNotAllowed || cause instanceof errors.JOSENotSupported) {
    return refused("TOKEN_ALGORITHM", undefined, cause);
  }
  if (cause instanceof errors.JWKSInvalid) return keysUnreachable(cause);
  if (cause instanceof z.ZodError) {
    return refused("TOKEN_INVALID", "The token names no user (sub), so it is no user's access token", cause);
  }
  return refused("TOKEN_INVALID", "The bearer is neither a session token (wbs_…) nor a readable access token", cause);
}

function claimRefusal(cause: errors.JWTClaimValidationFailed): ApiError {
  switch (cause.claim) {
    case "iss":
      return refused("TOKEN_FOREIGN", undefined, cause);
    case "nbf":
    case "iat":
      return refused("CLOCK_SKEW", "The access token is not valid yet by this server's clock", cause);
    case "exp":
      return refused("TOKEN_INVALID", "The token has no expiry, so it is no access token of Supabase Auth", cause);
    case "aud":
      return refused("TOKEN_INVALID", "The token is for another audience than authenticated users", cause);
    default:
      return refused("TOKEN_INVALID", undefined, cause);
  }
}

function refused(code: ErrorCode, message: string | undefined, cause: unknown): ApiError {
  return new ApiError({ code, ...(message === undefined ? {} : { message }), cause });
}

export function keysUnreachable(cause: unknown): ApiError {
  const message = "The project's public keys could not be fetched, so the token could not be verified";
  return new ApiError({ code: "SUPABASE_UNREACHABLE", message, cause });
}
