import { z } from "zod";

/** Why Postgres would refuse a string as text or jsonb; null when it would take it. */
export function textFault(text: string): string | null {
  if (text.includes("\u0000")) return "must not contain a NUL character (\\u0000): Postgres cannot store it; remove it";
  if (!text.isWellFormed())
    return "must be well-formed Unicode: it holds half of a surrogate pair; send the whole character";
  return null;
}

/** Text that Postgres can store: no NUL, no half of a surrogate pair. */
export const textSchema = z.string({ error: "must be a string" }).superRefine((text, context) => {
  const fault = textFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

/** Text of 1 to `limit` characters that is not blank. */
export function nonEmptyText(limit: number) {
  return textSchema
    .refine((text) => text.trim() !== "", { error: "must not be empty", abort: true })
    .refine((text) => text.length <= limit, { error: `must have at most ${limit} characters; shorten it` });
}

/** Any UUID that a Postgres `uuid` column holds, in the usual 8-4-4-4-12 form. */
export const uuidSchema = z.guid({ error: "must be a UUID such as 0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e" });

/** A UUIDv7: its order is the order of creation, which the keyset cursor of operations relies on. */
export const uuidv7Schema = z.uuidv7({ error: "must be a UUIDv7, whose order is the order of time" });

/** A user's id as Supabase Auth gives it (`auth.users.id`), kept as text (data-model.md §2, §3). */
export const userIdSchema = nonEmptyText(255);

/** The id that ties together all that one call to the server did. */
export const requestIdSchema = nonEmptyText(200);

const utf8 = new TextEncoder();

/** Size of a text in UTF-8 bytes, the measure of Postgres' and Waybill's limits. */
export function byteLength(text: string): number {
  return utf8.encode(text).byteLength;
}
