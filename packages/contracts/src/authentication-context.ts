import { z } from "zod";
import {
  compareTimestamps,
  encryptedSchema,
  jsonValueSchema,
  jwtSchema,
  nonEmptyText,
  pageLimitSchema,
  pageOf,
  storedJsonSchema,
  textSchema,
  timestampSchema,
  tokenHashSchema,
  userIdSchema,
  uuidCursorSchema,
  uuidSchema,
} from "./primitives.ts";

const tokenLimit = 16_384;

const columns = {
  session_id: uuidSchema,
  user_id: userIdSchema,
  token_type: nonEmptyText(50),
  expires_at: timestampSchema,
  is_active: z.boolean({ error: "must be true or false" }),
  created_at: timestampSchema,
  last_activity: timestampSchema,
  ip_address: nonEmptyText(64).nullable(),
  user_agent: textSchema.nullable(),
  permissions: storedJsonSchema.nullable(),
};

const withDefaults = {
  token_type: columns.token_type.default("Bearer"),
  is_active: columns.is_active.default(true),
  ip_address: columns.ip_address.default(null),
  user_agent: columns.user_agent.default(null),
  permissions: columns.permissions.default(null),
};

/** A row of `authentication_contexts`; both tokens are ciphertexts (data-model.md §3, decisions.md). */
export const authenticationContextSchema = z
  .object({
    ...columns,
    ...withDefaults,
    access_token: encryptedSchema,
    refresh_token: encryptedSchema,
    token_hash: tokenHashSchema,
  })
  .refine((row) => compareTimestamps(row.last_activity, row.created_at) >= 0, {
    path: ["last_activity"],
    error: "must not be before created_at",
  })
  .refine((row) => compareTimestamps(row.expires_at, row.created_at) > 0, {
    path: ["expires_at"],
    error: "must be after created_at: a session begins with a token that is not expired yet",
  });
export type AuthenticationContextRow = z.output<typeof authenticationContextSchema>;

const names = (limit: number) =>
  z
    .array(nonEmptyText(100), { error: "must be a list of names" })
    .max(limit, { error: `must have at most ${limit} names` });

/** What a user is and may do: `app_metadata.roles` and `app_metadata.permissions`, which only the secret key can write. */
export const sessionPermissionsSchema = z.object({ roles: names(50), permissions: names(200) });
export type SessionPermissions = z.output<typeof sessionPermissionsSchema>;

/** Milliseconds since 1970, as `Date.now` tells; a test gives its own. */
export type Clock = () => number;

const futureTimestamp = (now: Clock) =>
  timestampSchema.refine((at) => Date.parse(at) > now(), {
    error: "must be in the future: the token is expired already; sign in again",
  });

const ipAddressSchema = z.union([z.ipv4(), z.ipv6()], { error: "must be an IPv4 or IPv6 address" });

/** Tokens as Supabase Auth gives them, in plain text. */
const tokens = {
  access_token: jwtSchema,
  refresh_token: nonEmptyText(tokenLimit),
};

/** What a login stores (data-model.md §3, Login), judged by the given clock. */
export function authenticationContextCreateSchemaAt(now: Clock) {
  return z.strictObject({
    user_id: userIdSchema,
    ...tokens,
    token_type: withDefaults.token_type,
    expires_at: futureTimestamp(now),
    ip_address: ipAddressSchema.nullable().default(null),
    user_agent: nonEmptyText(1024).nullable().default(null),
    permissions: jsonValueSchema.nullable().default(null),
  });
}

export const authenticationContextCreateSchema = authenticationContextCreateSchemaAt(Date.now);
export type AuthenticationContextCreate = z.output<typeof authenticationContextCreateSchema>;

/** What a refresh stores: both tokens anew and the new expiry (data-model.md §3, Token Refresh). */
export function authenticationContextRefreshSchemaAt(now: Clock) {
  return z.strictObject({ ...tokens, expires_at: futureTimestamp(now) });
}

export const authenticationContextRefreshSchema = authenticationContextRefreshSchemaAt(Date.now);
export type AuthenticationContextRefresh = z.output<typeof authenticationContextRefreshSchema>;

/** What may change besides a refresh: activity, the session's end, and what is known of its caller. */
export const authenticationContextUpdateSchema = z
  .strictObject({
    is_active: columns.is_active,
    expires_at: timestampSchema,
    last_activity: timestampSchema,
    ip_address: ipAddressSchema.nullable(),
    user_agent: nonEmptyText(1024).nullable(),
    permissions: jsonValueSchema.nullable(),
  })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, { error: "must change at least one field" });
export type AuthenticationContextUpdate = z.output<typeof authenticationContextUpdateSchema>;

/** Sessions by every indexed field; the range is expires_from ≤ expires_at < expires_before. */
export const authenticationContextFilterSchema = z
  .strictObject({
    user_id: userIdSchema.optional(),
    is_active: columns.is_active.optional(),
    expires_from: timestampSchema.optional(),
    expires_before: timestampSchema.optional(),
    /** The last session_id of the page before. */
    cursor: uuidCursorSchema.optional(),
    limit: pageLimitSchema,
  })
  .refine(
    ({ expires_from: from, expires_before: before }) =>
      from === undefined || before === undefined || compareTimestamps(from, before) < 0,
    { path: ["expires_before"], error: "must be after expires_from, or the range is empty" },
  );
export type AuthenticationContextFilter = z.output<typeof authenticationContextFilterSchema>;

/** A session as procedures show it: no field for a token or its hash. */
export const authenticationContextOutputSchema = z.object(columns);
export type AuthenticationContextOutput = z.output<typeof authenticationContextOutputSchema>;

export const authenticationContextPageSchema = pageOf(authenticationContextOutputSchema);

/** Asks for one session. */
export const authenticationContextKeySchema = z.strictObject({ session_id: uuidSchema });
