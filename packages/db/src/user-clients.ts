import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "./database.types.ts";

/** About 15 MB of clients. */
export const userClientLimit = 1_000;

/**
 * Clients by access token, the least recently used forgotten first: making one costs more than a whole call does.
 * A token stays here at most until as many others have been seen; it is never written anywhere.
 */
export function userClients(
  make: (accessToken: string) => SupabaseClient<Database>,
  limit = userClientLimit,
): (accessToken: string) => SupabaseClient<Database> {
  const byToken = new Map<string, SupabaseClient<Database>>();
  return (accessToken) => {
    const client = byToken.get(accessToken) ?? make(accessToken);
    byToken.delete(accessToken);
    byToken.set(accessToken, client);
    if (byToken.size > limit) {
      const [oldest] = byToken.keys();
      if (oldest !== undefined) byToken.delete(oldest);
    }
    return client;
  };
}
