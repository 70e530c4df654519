import { randomUUID } from "node:crypto";
import { hash } from "bcryptjs";
import { codeOf, messageOf } from "../errors.ts";
import { findAccount, findAccounts, type Account, type Query } from "./account.ts";
import { emailExists, phoneExists, userNotFound, validationFailed } from "./admin-error.ts";
import type { UserCreate, UserUpdate } from "./admin-input.ts";

// The cost that lite itself hashes with: what it verifies takes as long either way.
const bcryptCost = 10;

/** A user that does not exist yet; `columns` are further columns of `auth.users`. */
export async function createUser(
  query: Query,
  input: UserCreate,
  columns: Record<string, unknown> = {},
): Promise<Account> {
  const id = input.id ?? randomUUID();
  const now = new Date().toISOString();
  const { email, phone } = input;
  const provider = email === undefined ? "phone" : "email";
  const user = {
    id,
    aud: "authenticated",
    role: input.role ?? "authenticated",
    email: email ?? null,
    phone: phone ?? null,
    encrypted_password:
      input.password === undefined ? (input.password_hash ?? null) : await hash(input.password, bcryptCost),
    email_confirmed_at: input.email_confirm ? now : null,
    phone_confirmed_at: input.phone_confirm ? now : null,
    raw_app_meta_data: { provider, providers: [provider], ...input.app_metadata },
    raw_user_meta_data: { ...input.user_metadata, ...(input.email_confirm ? { email_verified: true } : {}) },
    banned_until: bannedUntil(input.ban_duration),
    is_sso_user: false,
    is_anonymous: false,
    created_at: now,
    updated_at: now,
    email_change_confirm_status: 0,
    ...columns,
  };
  const identity = {
    id: randomUUID(),
    provider,
    provider_id: id,
    user_id: id,
    identity_data: { sub: id, email, phone, email_verified: input.email_confirm ?? false, phone_verified: false },
    created_at: now,
    updated_at: now,
  };
  await refusingTwins(() =>
    query(
      `with created as (
        insert into auth.users (${Object.keys(user).join(", ")})
        select ${Object.keys(user).join(", ")} from jsonb_populate_record(null::auth.users, $1::text::jsonb)
      )
      insert into auth.identities (${Object.keys(identity).join(", ")})
      select ${Object.keys(identity).join(", ")} from jsonb_populate_record(null::auth.identities, $2::text::jsonb)`,
      [JSON.stringify(user), JSON.stringify(identity)],
    ),
  );
  return getUser(query, id);
}

export async function getUser(query: Query, id: string): Promise<Account> {
  const account = await findAccount(query, "where account.id = $1", id);
  if (!account) throw userNotFound();
  return account;
}

/** Newest first; `total` counts every user that `filter` (a part of the email) lets through. */
export async function listUsers(
  query: Query,
  { page, per_page, filter = "" }: { page: number; per_page: number; filter?: string | undefined },
): Promise<{ users: Account[]; total: number }> {
  const matching = "where account.deleted_at is null and position(lower($1) in coalesce(account.email, '')) > 0";
  const [count] = await query(`select count(*)::int as total from auth.users account ${matching}`, [filter]);
  const users = await findAccounts(
    query,
    `${matching} order by account.created_at desc, account.id desc limit $2 offset $3`,
    [filter, per_page, (page - 1) * per_page],
  );
  return { users, total: Number(count?.["total"] ?? 0) };
}

export async function updateUser(query: Query, id: string, input: UserUpdate): Promise<Account> {
  const account = await getUser(query, id);
  const now = new Date().toISOString();
  const changes: Record<string, unknown> = { updated_at: now };
  if (input.role !== undefined) changes["role"] = input.role;
  if (input.email !== undefined) changes["email"] = input.email;
  if (input.phone !== undefined) changes["phone"] = input.phone;
  if (input.email_confirm) changes["email_confirmed_at"] = account.email_confirmed_at ?? now;
  if (input.phone_confirm) changes["phone_confirmed_at"] = account.phone_confirmed_at ?? now;
  if (input.password !== undefined) changes["encrypted_password"] = await hash(input.password, bcryptCost);
  if (input.ban_duration !== undefined) changes["banned_until"] = bannedUntil(input.ban_duration);
  if (input.app_metadata) changes["raw_app_meta_data"] = merged(account.raw_app_meta_data, input.app_metadata);
  if (input.user_metadata) changes["raw_user_meta_data"] = merged(account.raw_user_meta_data, input.user_metadata);
  await updateColumns(query, id, changes);
  if (input.email !== undefined && input.email !== account.email) await renameIdentity(query, id, input.email);
  // A new password ends every session, as it does under GoTrue.
  if (input.password !== undefined) await query("delete from auth.sessions where user_id = $1", [id]);
  return getUser(query, id);
}

/** Writes columns of `auth.users` from JSON values. */
export async function updateColumns(query: Query, id: string, changes: Record<string, unknown>): Promise<void> {
  const assignments = Object.keys(changes).map((column) => `${column} = changed.${column}`);
  await refusingTwins(() =>
    query(
      `update auth.users account set ${assignments.join(", ")}
      from jsonb_populate_record(null::auth.users, $2::text::jsonb) changed where account.id = $1`,
      [id, JSON.stringify(changes)],
    ),
  );
}

export async function deleteUser(query: Query, id: string): Promise<void> {
  const deleted = await query("delete from auth.users where id = $1 returning id", [id]);
  if (deleted.length === 0) throw userNotFound();
}

async function renameIdentity(query: Query, id: string, email: string): Promise<void> {
  await query(
    `update auth.identities set identity_data = identity_data || jsonb_build_object('email', $2::text), updated_at = now()
    where user_id = $1 and provider = 'email'`,
    [id, email],
  );
}

/** GoTrue's way: keys are added or replaced, and `null` removes one. */
function merged(stored: Record<string, unknown> | null, given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...stored, ...given }).filter(([, value]) => value !== null));
}

function bannedUntil(durationMs: number | null | undefined): string | null {
  return durationMs === null || durationMs === undefined ? null : new Date(Date.now() + durationMs).toISOString();
}

async function refusingTwins<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (codeOf(error) !== "23505") throw error;
    if (messageOf(error).includes("users_phone_key")) throw phoneExists();
    if (messageOf(error).includes("users_pkey")) throw validationFailed("A user with this id exists already", 422);
    throw emailExists();
  }
}
