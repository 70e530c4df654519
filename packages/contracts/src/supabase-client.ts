import { z } from "zod";
import {
  clientTypeOfKey,
  clientTypes,
  encryptedSchema,
  pageLimitSchema,
  pageOf,
  storedUrlSchema,
  supabaseKeySchema,
  supabaseUrlSchema,
  timestampSchema,
  type UrlRule,
} from "./primitives.ts";

export const clientTypeSchema = z.enum(clientTypes, { error: "must be service_role or anon" });

export const connectionStatuses = ["connected", "disconnected", "error"] as const;
export const connectionStatusSchema = z.enum(connectionStatuses, {
  error: "must be connected, disconnected or error",
});

/** Where the counters saturate (data-model.md §1). */
export const errorCountLimit = 10;
export const retryCountLimit = 5;

/** The name of one running Waybill: `WAYBILL_INSTANCE`, else the host's name. */
export const instanceSchema = z.string({ error: "must be a string" }).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/, {
  error: "must be 1 to 200 letters, digits, dots, _ and -, beginning with a letter or digit",
});

/** `<instance>/<client_type>`, stable across restarts (decisions.md). */
export const clientIdSchema = z
  .string({ error: "must be a string" })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}\/(service_role|anon)$/, {
    error: "must be <instance>/<client_type>, such as web-1/service_role",
  });

const counter = (limit: number) =>
  z
    .int({ error: "must be a whole number" })
    .min(0, { error: `must be 0 to ${limit}` })
    .max(limit, { error: `must be 0 to ${limit}` });

const columns = {
  client_id: clientIdSchema,
  supabase_url: storedUrlSchema,
  client_type: clientTypeSchema,
  is_active: z.boolean({ error: "must be true or false" }),
  created_at: timestampSchema,
  last_used: timestampSchema.nullable(),
  connection_status: connectionStatusSchema,
  error_count: counter(errorCountLimit),
  retry_count: counter(retryCountLimit),
};

const withDefaults = {
  is_active: columns.is_active.default(true),
  last_used: columns.last_used.default(null),
  error_count: columns.error_count.default(0),
  retry_count: columns.retry_count.default(0),
};

const idFitsType = (client: { client_id: string; client_type: string }): boolean =>
  client.client_id.endsWith(`/${client.client_type}`);
const idFault = { path: ["client_id"], error: "must end in /<client_type>, the type of this very client" };

const disconnectedFault = { path: ["is_active"], error: "must be false while connection_status is disconnected" };

/** A row of `supabase_clients`; `supabase_key` is a ciphertext (data-model.md §1). */
export const supabaseClientSchema = z
  .object({ ...columns, ...withDefaults, supabase_key: encryptedSchema })
  .refine(idFitsType, idFault)
  .refine((row) => row.connection_status !== "disconnected" || !row.is_active, disconnectedFault);
export type SupabaseClientRow = z.output<typeof supabaseClientSchema>;

/** What registers a client, the key in plain text. `http:` to a loopback host only where the rule allows it. */
export function supabaseClientCreateSchemaWith(rule: UrlRule) {
  return z
    .strictObject({
      client_id: clientIdSchema,
      supabase_url: supabaseUrlSchema(rule),
      supabase_key: supabaseKeySchema,
      client_type: clientTypeSchema,
    })
    .refine(idFitsType, idFault)
    .refine((client) => clientTypeOfKey(client.supabase_key) === client.client_type, {
      path: ["supabase_key"],
      error: "must match client_type: sb_secret_… or role service_role for service_role, else anon",
    });
}

export const supabaseClientCreateSchema = supabaseClientCreateSchemaWith({});
/** What `clients.register` takes; whether `http:` is allowed to a loopback host is judged where the setting is known. */
export const supabaseClientRegisterSchema = supabaseClientCreateSchemaWith({ allowHttpLoopback: true });
export type SupabaseClientCreate = z.output<typeof supabaseClientCreateSchema>;

/** What may change in a row. The key is plain text here; the store checks it against the row's client_type. */
export function supabaseClientUpdateSchemaWith(rule: UrlRule) {
  return z
    .strictObject({
      supabase_url: supabaseUrlSchema(rule),
      supabase_key: supabaseKeySchema,
      is_active: columns.is_active,
      last_used: columns.last_used,
      connection_status: columns.connection_status,
      error_count: columns.error_count,
      retry_count: columns.retry_count,
    })
    .partial()
    .refine((changes) => Object.keys(changes).length > 0, { error: "must change at least one field" })
    .refine((changes) => changes.connection_status !== "disconnected" || changes.is_active !== true, disconnectedFault);
}

export const supabaseClientUpdateSchema = supabaseClientUpdateSchemaWith({});
export type SupabaseClientUpdate = z.output<typeof supabaseClientUpdateSchema>;

export const supabaseClientFilterSchema = z.strictObject({
  client_type: clientTypeSchema.optional(),
  is_active: columns.is_active.optional(),
  connection_status: connectionStatusSchema.optional(),
  /** The last client_id of the page before. */
  cursor: clientIdSchema.optional(),
  limit: pageLimitSchema,
});
export type SupabaseClientFilter = z.output<typeof supabaseClientFilterSchema>;

/** A client as procedures show it: no field for the key. */
export const supabaseClientOutputSchema = z.object(columns);
export type SupabaseClientOutput = z.output<typeof supabaseClientOutputSchema>;

/** What a row's columns say together (supabase-client-states.ts). */
export const supabaseClientPhases = ["connected", "failing", "disconnected", "deactivated"] as const;

/** A change of a client's phase; from null when its row was made. */
export const supabaseClientTransitionSchema = z.object({
  at: timestampSchema,
  from_phase: z.enum(supabaseClientPhases).nullable(),
  to_phase: z.enum(supabaseClientPhases),
});

/** One client, with the last 100 changes of its phase, the newest first. */
export const supabaseClientDetailSchema = supabaseClientOutputSchema.extend({
  transitions: z.array(supabaseClientTransitionSchema),
});
export type SupabaseClientDetail = z.output<typeof supabaseClientDetailSchema>;

export const supabaseClientPageSchema = pageOf(supabaseClientOutputSchema);

/** Asks for one client. */
export const supabaseClientKeySchema = z.strictObject({ client_id: clientIdSchema });
