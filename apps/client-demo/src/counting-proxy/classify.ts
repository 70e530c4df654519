/** What a request to Supabase means, told from its method and path alone. */
export interface RequestMeaning {
  readonly type: "create" | "read" | "update" | "delete";
  readonly table: string;
}

const typeOfMethod: Readonly<Record<string, RequestMeaning["type"]>> = {
  GET: "read",
  HEAD: "read",
  POST: "create",
  PUT: "update",
  PATCH: "update",
  DELETE: "delete",
};

/** Calls whose meaning is not in their method. */
const namedCalls: Readonly<Record<string, RequestMeaning>> = {
  "POST /auth/v1/signup": { type: "create", table: "auth.users" },
  "POST /auth/v1/token": { type: "create", table: "auth.sessions" },
  "POST /auth/v1/logout": { type: "delete", table: "auth.sessions" },
};

const usersPath = /^\/auth\/v1\/(user|admin\/users(\/[^/]+)?)$/;
const functionPath = /^\/rest\/v1\/rpc\/([^/]+)$/;
const tablePath = /^\/rest\/v1\/([^/]+)$/;

/**
 * The proxy's own reading of a request, written from Supabase's HTTP API and Waybill's published rules, and sharing no
 * code with Waybill: a fault in Waybill's table must show as a difference. `null`: a call that the demo does not make.
 */
export function classify(method: string, path: string): RequestMeaning | null {
  const named = namedCalls[`${method} ${path}`];
  if (named) return named;
  const type = typeOfMethod[method];
  if (!type) return null;
  if (usersPath.test(path)) return { type, table: "auth.users" };
  const called = functionPath.exec(path)?.[1];
  // a function that is called by POST may write, whatever it is named
  if (called) return { type: type === "read" ? "read" : "update", table: decodeURIComponent(called) };
  const table = tablePath.exec(path)?.[1];
  return table ? { type, table: decodeURIComponent(table) } : null;
}
