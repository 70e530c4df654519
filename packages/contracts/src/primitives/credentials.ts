import { z } from "zod";

const tokenLimit = 16_384;
const apiKey = /^sb_(publishable|secret)_[A-Za-z0-9_-]{8,}$/;

/** What kind of client a Supabase key makes (data-model.md §1). */
export const clientTypes = ["service_role", "anon"] as const;
export type ClientType = (typeof clientTypes)[number];

/** A JSON Web Token by its form: three base64url parts, a header naming a signature algorithm, an object as payload. */
export const jwtSchema = z.string({ error: "must be a string" }).refine((token) => jwtPayload(token) !== null, {
  error: "must be a signed JSON Web Token: three base64url parts with dots between, as Supabase Auth issues it",
});

/** A Supabase API key: `sb_publishable_…`, `sb_secret_…` or a legacy JWT of role anon or service_role. */
export const supabaseKeySchema = z
  .string({ error: "must be a string" })
  .refine((key) => clientTypeOfKey(key) !== null, {
    error: "must be a Supabase key: sb_publishable_…, sb_secret_… or a legacy JWT of role anon or service_role",
  });

/** The kind of client that a key makes: `sb_secret_…` and role service_role ⇒ service_role; null if it is no key. */
export function clientTypeOfKey(key: string): ClientType | null {
  if (key.length > tokenLimit) return null;
  const kind = apiKey.exec(key)?.[1];
  if (kind !== undefined) return kind === "secret" ? "service_role" : "anon";
  const role = jwtPayload(key)?.["role"];
  return role === "service_role" || role === "anon" ? role : null;
}

/**
 * A secret at rest: `v1:<key id>:<base64url of nonce, ciphertext and tag>` (AES-256-GCM, decisions.md "Secrets").
 * The shortest holds a nonce of 12 bytes, one byte and a tag of 16: 39 characters.
 */
export const encryptedSchema = z
  .string({ error: "must be a string" })
  .regex(/^v1:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{39,}$/, {
    error: "must be a ciphertext v1:<key id>:<base64url>; a secret is encrypted before it is stored",
  });

/** SHA-256 of a session token, in 64 lower-case hexadecimal digits. */
export const tokenHashSchema = z
  .string({ error: "must be a string" })
  .regex(/^[0-9a-f]{64}$/, { error: "must be a SHA-256 in 64 lower-case hexadecimal digits" });

const jwtHeaderSchema = z.object({ alg: z.string().refine((alg) => alg !== "" && alg.toLowerCase() !== "none") });
const jwtPayloadSchema = z.record(z.string(), z.unknown());

/** The claims in a token, its signature not verified; null when it is no signed JWT. */
function jwtPayload(token: string): Record<string, unknown> | null {
  if (token.length > tokenLimit || !/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token)) return null;
  const [header = "", payload = ""] = token.split(".");
  if (!jwtHeaderSchema.safeParse(decodePart(header)).success) return null;
  return jwtPayloadSchema.safeParse(decodePart(payload)).data ?? null;
}

function decodePart(part: string): unknown {
  try {
    const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.codePointAt(0) ?? 0);
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
