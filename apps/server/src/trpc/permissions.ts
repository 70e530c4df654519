import { z } from "zod";
import type { Caller } from "../features/sessions/caller.ts";

export const grantSchema = z.enum([
  "clients.read",
  "clients.manage",
  "models.read",
  "models.manage",
  "operations.read",
  "sessions.read",
  "sessions.revoke",
]);

/**
 * What somebody can be allowed to do beyond what every signed-in user may. A user has those that its
 * `app_metadata.permissions` lists, which only the secret key can write; the role `admin` has all of them.
 */
export type Grant = z.infer<typeof grantSchema>;

export const grants: Readonly<Record<Grant, string>> = {
  "clients.read": "see the connections to Supabase",
  "clients.manage": "register, reconnect, deactivate and remove connections",
  "models.read": "see deprecated models too",
  "models.manage": "create and change models",
  "operations.read": "see everybody's records and what they come to",
  "sessions.read": "see everybody's sessions, with their permissions",
  "sessions.revoke": "end anybody's sessions",
};

/** Who may call a procedure: anybody, whoever holds a session even when it has expired, every user, or some. */
export type Permission = "anybody" | "session holder" | "signed in" | Grant;

/** What a procedure says of itself besides its schemas. */
export interface ProcedureMeta {
  readonly permission?: Permission;
  /** What lets a caller see the rows of all where others see their own. */
  readonly seesAll?: Grant;
  /** Who asked may keep the answer to a GET, and asks each time whether it still stands. */
  readonly revalidates?: boolean;
}

export function may(caller: Pick<Caller, "roles" | "permissions">, grant: Grant): boolean {
  return caller.roles.includes("admin") || caller.permissions.includes(grant);
}
