import { z } from "zod";

/** bcrypt, which Supabase Auth stores passwords with, ends at 72 bytes. */
export const newPasswordSchema = z
  .string({ error: "must be a string" })
  .min(8, { error: "must have at least 8 characters" })
  .refine((password) => Buffer.byteLength(password) <= 72, { error: "must have at most 72 bytes" });
