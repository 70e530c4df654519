import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { inject } from "vitest";

const { url, publishableKey, secretKey, ca } = inject("stack");
setDefaultCACertificates([...getCACertificates(), ca]);

const options = { auth: { persistSession: false, autoRefreshToken: false }, db: { retry: false } };

export const anon = (): SupabaseClient => createClient(url, publishableKey, options);
export const service = (): SupabaseClient => createClient(url, secretKey, options);

export interface SignedIn {
  readonly id: string;
  readonly client: SupabaseClient;
}

/** A new user, signed in: what it may do is what any user may do. */
export async function signUp(): Promise<SignedIn> {
  const client = anon();
  const { data, error } = await client.auth.signUp({
    email: `${crypto.randomUUID()}@example.com`,
    password: `Pw-${crypto.randomUUID()}`,
  });
  if (error !== null) throw error;
  if (data.user === null || data.session === null) throw new Error("signing up did not sign in");
  return { id: data.user.id, client };
}
