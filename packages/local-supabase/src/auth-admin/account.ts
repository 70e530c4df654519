import { z } from "zod";
import type { Engine } from "../engine.ts";

export type Query = Engine["query"];

const time = z.string().nullable();
const metadata = z.record(z.string(), z.unknown()).nullable();

const identitySchema = z.object({
  id: z.string(),
  provider: z.string(),
  provider_id: z.string(),
  user_id: z.string(),
  identity_data: metadata,
  email: z.string().nullable(),
  last_sign_in_at: time,
  created_at: time,
  updated_at: time,
});

const accountSchema = z.object({
  id: z.string(),
  aud: z.string().nullable(),
  role: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  raw_app_meta_data: metadata,
  raw_user_meta_data: metadata,
  is_anonymous: z.boolean(),
  created_at: time,
  updated_at: time,
  email_confirmed_at: time,
  phone_confirmed_at: time,
  confirmed_at: time,
  invited_at: time,
  confirmation_sent_at: time,
  recovery_sent_at: time,
  email_change: z.string().nullable(),
  email_change_sent_at: time,
  last_sign_in_at: time,
  banned_until: time,
  deleted_at: time,
  identities: z.array(identitySchema),
});
export type Account = z.infer<typeof accountSchema>;

/** One JSON object per user, its identities in it; `where` may use the alias `account`. */
export const selectAccounts = (where: string): string => /* sql */ `
  select to_jsonb(account) || jsonb_build_object('identities', (
      select coalesce(jsonb_agg(to_jsonb(identity) order by identity.created_at), '[]'::jsonb)
      from auth.identities identity where identity.user_id = account.id
    )) as account
  from auth.users account ${where}`;

export async function findAccounts(
  query: Query,
  where: string,
  parameters: readonly (string | number)[],
): Promise<Account[]> {
  const rows = await query(selectAccounts(where), parameters);
  return rows.map((row) => accountSchema.parse(row["account"]));
}

export async function findAccount(query: Query, where: string, parameter: string): Promise<Account | undefined> {
  const [account] = await findAccounts(query, where, [parameter]);
  return account;
}

/** The user as GoTrue shows it: no hash, no token, and no time that is not set. */
export function toUser(account: Account): Record<string, unknown> {
  const { raw_app_meta_data, raw_user_meta_data, identities, email_change, ...rest } = account;
  const times = Object.entries(rest).filter(([name, value]) => name.endsWith("_at") && value !== null);
  return {
    id: account.id,
    aud: account.aud ?? "authenticated",
    role: account.role ?? "authenticated",
    email: account.email ?? "",
    phone: account.phone ?? "",
    app_metadata: raw_app_meta_data ?? {},
    user_metadata: raw_user_meta_data ?? {},
    identities: identities.map(({ id, provider_id, ...identity }) => ({
      identity_id: id,
      id: provider_id,
      ...identity,
    })),
    is_anonymous: account.is_anonymous,
    ...Object.fromEntries(times),
    ...(account.banned_until === null ? {} : { banned_until: account.banned_until }),
    ...(email_change ? { new_email: email_change } : {}),
  };
}
