import type { Sql } from "./sql.ts";

/** Moves a user's sessions in time, as if so many seconds were left of them; all else lies before that. */
export async function leaveSeconds(sql: Sql, userId: string, seconds: number): Promise<void> {
  await sql`update public.authentication_contexts set
    created_at = now() - interval '2 hours', last_activity = now() - interval '90 minutes',
    expires_at = now() + make_interval(secs => ${seconds}::float)
    where user_id = ${userId}`;
}

export function isRefresh(url: URL): boolean {
  return url.pathname === "/auth/v1/token" && url.searchParams.get("grant_type") === "refresh_token";
}
