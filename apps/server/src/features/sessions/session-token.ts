import { hash, randomBytes } from "node:crypto";

const format = /^wbs_[A-Za-z0-9_-]{43}$/;

/** A new session token: 256 random bits. It is shown to its owner once; the server keeps its hash. */
export function makeSessionToken(): string {
  return `wbs_${randomBytes(32).toString("base64url")}`;
}

export function isSessionToken(bearer: string): boolean {
  return format.test(bearer);
}

/** SHA-256 in lower-case hex, what `authentication_contexts.token_hash` holds. A random token needs no salt. */
export function hashOfToken(token: string): string {
  return hash("sha256", token, "hex");
}
