import { sql, type Kysely } from "kysely";
import { dataRequest } from "./data/request.ts";

/** What lite knows of a request's caller: `auth.role` of the token, `auth.jwt` its claims. */
export interface RequestVars {
  auth?: { uid?: unknown; role?: unknown; jwt?: unknown };
  storage?: { operation?: unknown };
}

// As long as Waybill itself waits for an answer. PGlite has no timer to stop a statement by; the native engine does.
const statementTimeout = "60s";

const ownRoles = new Set(["anon", "authenticated", "service_role"]);

const nonEmpty = (value: unknown): string => (typeof value === "string" ? value : "");

/**
 * Sets role, claims and request for one transaction, in one statement where lite takes six or eleven. All are
 * always set, as PostgREST does, so that nothing of an earlier caller is left for a request without a token.
 */
export async function applyCaller(db: Kysely<unknown>, vars: RequestVars): Promise<void> {
  const role = nonEmpty(vars.auth?.role) || "anon";
  if (!ownRoles.has(role)) await refuseForeignRole(db, role);
  const claims = JSON.stringify(vars.auth?.jwt ?? { role });
  const request = dataRequest.getStore();
  await sql`select
    set_config('role', ${role}, true),
    set_config('statement_timeout', ${statementTimeout}, true),
    set_config('request.jwt.claims', ${claims}, true),
    set_config('request.jwt.claim.sub', ${nonEmpty(vars.auth?.uid)}, true),
    set_config('request.jwt.claim.role', ${role}, true),
    set_config('request.method', ${request?.method ?? ""}, true),
    set_config('request.path', ${request?.path ?? ""}, true),
    set_config('request.headers', ${JSON.stringify(request?.headers ?? {})}, true),
    set_config('storage.operation', ${nonEmpty(vars.storage?.operation)}, true)`.execute(db);
}

/** lite becomes any role that a token names, the superuser among them; PostgREST only those of `authenticator`. */
async function refuseForeignRole(db: Kysely<unknown>, role: string): Promise<void> {
  const { rows } = await sql<{ allowed: boolean }>`
    select exists (
      select from pg_roles where rolname = ${role} and pg_has_role('authenticator', oid, 'member')
    ) as allowed`.execute(db);
  if (rows[0]?.allowed) return;
  throw Object.assign(new Error(`permission denied to set role "${role}"`), { code: "42501" });
}

/** Clears what a function may set to choose its own answer. */
export async function clearResponse(db: Kysely<unknown>): Promise<void> {
  await sql`select set_config('response.status', '', true), set_config('response.headers', '', true)`.execute(db);
}
