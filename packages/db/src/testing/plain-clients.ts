import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { inject } from "vitest";
import { openTransport } from "../client/index.ts";
import type { Database } from "../database.types.ts";
import { untrackedFetch } from "../untracked-fetch.ts";

export interface SignedIn {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly client: SupabaseClient<Database>;
}

/** supabase-js against the shared stack, leaving no records. */
export interface PlainClients extends AsyncDisposable {
  readonly service: SupabaseClient<Database>;
  /** Nobody who signed in. */
  readonly anon: SupabaseClient<Database>;
  signUp(): Promise<SignedIn>;
}

export function plainClients(): PlainClients {
  const { url, publishableKey, secretKey, ca } = inject("stack");
  const transport = openTransport({ url, ca });
  const options = {
    global: { fetch: untrackedFetch(transport, 20_000) },
    auth: { persistSession: false, autoRefreshToken: false },
    db: { retry: false },
  };
  return {
    service: createClient<Database>(url, secretKey, options),
    anon: createClient<Database>(url, publishableKey, options),
    async signUp() {
      const client = createClient<Database>(url, publishableKey, options);
      const credentials = { email: `${crypto.randomUUID()}@example.com`, password: `Pw-${crypto.randomUUID()}` };
      const { data, error } = await client.auth.signUp(credentials);
      if (error !== null) throw error;
      if (data.user === null || data.session === null) throw new Error("signing up did not sign in");
      const { access_token: accessToken, refresh_token: refreshToken } = data.session;
      return { id: data.user.id, ...credentials, accessToken, refreshToken, client };
    },
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

/** The error that a promise rejects with; fails when it resolves. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it was accepted");
}
