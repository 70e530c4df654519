import { z } from "zod";

/** Tokens whose subject is remembered; a server sees the same few over and over. */
const REMEMBERED = 1000;

const payloadSchema = z.object({ sub: z.string().min(1) });
const subjects = new Map<string, string | null>();

/**
 * The user that an `Authorization` header names: the token's `sub`, read and not verified (Supabase does that).
 * Null for a key, which names nobody.
 */
export function subjectOf(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.startsWith("Bearer sb_")) return null;
  const known = subjects.get(authorization);
  if (known !== undefined) return known;
  if (subjects.size >= REMEMBERED) subjects.clear();
  const subject = readSubject(authorization);
  subjects.set(authorization, subject);
  return subject;
}

function readSubject(authorization: string): string | null {
  const payload = /^Bearer [^.]+\.([^.]+)\.[^.]*$/i.exec(authorization)?.[1];
  if (payload === undefined) return null;
  try {
    return payloadSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))).sub;
  } catch {
    return null;
  }
}
