import { createHash, randomBytes, randomUUID } from "node:crypto";

/** A token of the right form, signed by nobody. */
export function madeUpJwt(subject: string): string {
  return [{ alg: "HS256", typ: "JWT" }, { sub: subject }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .concat(randomBytes(32).toString("base64url"))
    .join(".");
}

export function newTokenHash(): string {
  return createHash("sha256").update(randomBytes(32)).digest("hex");
}

/** What a login stores. */
export function madeUpLogin(expiresAt: string, userId: string = randomUUID()) {
  return {
    user_id: userId,
    access_token: madeUpJwt(userId),
    refresh_token: randomBytes(12).toString("hex"),
    expires_at: expiresAt,
    ip_address: "192.0.2.7",
    permissions: { roles: ["admin"] },
  };
}
