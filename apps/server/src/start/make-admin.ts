import type { User } from "@supabase/supabase-js";
import type { Waybill } from "@waybill/db";
import { authError } from "../trpc/auth-error.ts";

export interface AdminWish {
  readonly email: string;
  /** Set in any case; undefined leaves the password of an account that is there alone. */
  readonly password: string | undefined;
  /** For a new account, where `password` is undefined. */
  readonly newPassword: string;
}

/** Makes the account an admin (`app_metadata.roles`), and the account itself if there is none. Safe to repeat. */
export async function makeAdmin(
  waybill: Waybill,
  { email, password, newPassword }: AdminWish,
): Promise<{ userId: string; created: boolean }> {
  const { admin } = waybill.service().auth;
  const known = await findUser(waybill, email);
  if (known !== undefined) {
    const { error } = await admin.updateUserById(known.id, {
      app_metadata: { ...known.app_metadata, roles: [...new Set([...rolesOf(known), "admin"])] },
      ...(password === undefined ? {} : { password }),
    });
    if (error !== null) throw authError("Promoting the user", error);
    return { userId: known.id, created: false };
  }
  const { data, error } = await admin.createUser({
    email,
    password: password ?? newPassword,
    email_confirm: true,
    app_metadata: { roles: ["admin"] },
  });
  if (error !== null) throw authError("Making the user", error);
  return { userId: data.user.id, created: true };
}

const perPage = 1000;
/** A million accounts: who has more promotes by user id in Supabase itself. */
const pageLimit = 1000;

/** The account of an address; auth.admin has no question for that, so its list is read. */
async function findUser(waybill: Waybill, email: string): Promise<User | undefined> {
  for (let page = 1; page <= pageLimit; page += 1) {
    const { data, error } = await waybill.service().auth.admin.listUsers({ page, perPage });
    if (error !== null) throw authError("Looking for the user", error);
    const found = data.users.find((user) => user.email?.toLowerCase() === email.toLowerCase());
    if (found !== undefined || data.users.length < perPage) return found;
  }
  return undefined;
}

function rolesOf(user: User): string[] {
  const roles: unknown = user.app_metadata["roles"];
  return Array.isArray(roles) ? roles.filter((role): role is string => typeof role === "string") : [];
}
