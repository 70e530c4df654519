import { z } from "zod";
import { AdminError, validationFailed } from "./admin-error.ts";

const metadataSchema = z.record(z.string(), z.unknown());
const emailSchema = z.email("Unable to validate email address: invalid format").toLowerCase();
const passwordSchema = z
  .string()
  .refine((password) => Buffer.byteLength(password) <= 72, "Password cannot be longer than 72 characters");

/** `none` lifts a ban; else a duration as Go writes it (`24h`, `1h30m`), here in milliseconds. */
const banDurationSchema = z.string().transform((text, context) => {
  if (text === "none") return null;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    context.addIssue({ code: "custom", message: `invalid format for ban duration: ${JSON.stringify(text)}` });
    return z.NEVER;
  }
  // Go's own limit: 2^63 nanoseconds.
  const maxMs = 292 * 365 * 24 * 3_600_000;
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const durationMs = parts.reduce((sum, [, amount, unit]) => {
    const factor = unit === "ms" || unit === "s" || unit === "m" || unit === "h" ? unitMs[unit] : 0;
    return sum + Number(amount) * factor;
  }, 0);
  if (durationMs <= maxMs) return durationMs;
  context.addIssue({ code: "custom", message: `ban duration is too long: ${JSON.stringify(text)}` });
  return z.NEVER;
});

const attributesSchema = z.object({
  email: emailSchema.optional(),
  phone: z.string().optional(),
  password: passwordSchema.optional(),
  email_confirm: z.boolean().optional(),
  phone_confirm: z.boolean().optional(),
  user_metadata: metadataSchema.optional(),
  app_metadata: metadataSchema.optional(),
  role: z.string().min(1).optional(),
  ban_duration: banDurationSchema.optional(),
});

export const userUpdateSchema = attributesSchema;
export type UserUpdate = z.infer<typeof userUpdateSchema>;

export const userCreateSchema = attributesSchema
  .extend({
    id: z.guid().optional(),
    password_hash: z
      .string()
      .regex(/^\$2[aby]?\$\d\d\$[./\w]{53}$/, "The local stack takes hashes of bcrypt only")
      .optional(),
  })
  .refine(({ password, password_hash }) => password === undefined || password_hash === undefined, {
    error: "Only a password or a password hash should be provided",
  })
  .refine(({ email, phone }) => email !== undefined || phone !== undefined, {
    error: "Cannot create a user without either an email or phone",
  });
export type UserCreate = z.infer<typeof userCreateSchema>;

export const userDeleteSchema = z.object({ should_soft_delete: z.boolean().optional() });

export const inviteSchema = z.object({ email: emailSchema, data: metadataSchema.optional() });
export type Invite = z.infer<typeof inviteSchema>;

export const linkSchema = z.object({
  type: z.enum(["signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new"]),
  email: emailSchema,
  new_email: emailSchema.optional(),
  password: passwordSchema.optional(),
  data: metadataSchema.optional(),
  redirect_to: z.string().optional(),
});
export type LinkRequest = z.infer<typeof linkSchema>;

export const pageSchema = z.object({
  page: z.coerce.number().int().min(1).default(1),
  per_page: z.coerce.number().int().min(1).max(1000).default(50),
  filter: z.string().optional(),
});

/** Parses what came from outside; the first issue becomes the answer. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".") ?? "";
  // The rules written above say it in GoTrue's words; zod's own need the field.
  const own = field === "" || issue?.code === "custom" || issue?.code === "invalid_format";
  throw validationFailed(own ? (issue?.message ?? "Invalid input") : `${field}: ${issue?.message}`);
}

/** The body as JSON; an empty one is `{}`. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new AdminError(400, "bad_json", "Could not parse request body as JSON");
  }
}
