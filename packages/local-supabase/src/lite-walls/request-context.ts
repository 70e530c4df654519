import { sql, type Kysely } from "kysely";

/** What lite knows of a request's caller: `auth.role` of the token, `auth.jwt` its claims. */
export interface RequestVars {
  auth?: { uid?: unknown; role?: unknown; jwt?: unknown };
  storage?: { operation?: unknown };
}

/** What lite tells of an RPC request. */
export interface RpcRequest {
  method: string;
  path: string;
  requestHeaders?: Record<string, string>;
}

// As long as Waybill itself waits for an answer. PGlite has no timer to stop a statement by; the native engine does.
const statementTimeout = "60s";

const nonEmpty = (value: unknown): string => (typeof value === "string" ? value : "");

/**
 * Sets role and claims for one transaction, in one statement where lite takes six. Claims are always
 * set, as PostgREST does, so that nothing of an earlier caller is left for a request without a token.
 */
export async function applyCaller(db: Kysely<unknown>, vars: RequestVars): Promise<void> {
  const role = nonEmpty(vars.auth?.role) || "anon";
  const claims = JSON.stringify(vars.auth?.jwt ?? { role });
  await sql`select
    set_config('role', ${role}, true),
    set_config('statement_timeout', ${statementTimeout}, true),
    set_config('request.jwt.claims', ${claims}, true),
    set_config('request.jwt.claim.sub', ${nonEmpty(vars.auth?.uid)}, true),
    set_config('request.jwt.claim.role', ${role}, true),
    set_config('storage.operation', ${nonEmpty(vars.storage?.operation)}, true)`.execute(db);
}

/** Sets what a function may read of its HTTP request, and clears what it may answer, in one statement. */
export async function applyRpcRequest(db: Kysely<unknown>, request: RpcRequest): Promise<void> {
  await sql`select
    set_config('response.status', '', true),
    set_config('response.headers', '', true),
    set_config('request.method', ${request.method}, true),
    set_config('request.path', ${request.path}, true),
    set_config('request.headers', ${JSON.stringify(request.requestHeaders ?? {})}, true)`.execute(db);
}
