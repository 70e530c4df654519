import { createClient } from "@supabase/supabase-js";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../database.types.ts";
import type { TrackedFetch } from "./tracked-fetch.ts";

export interface TrackedClientOptions {
  readonly url: string;
  readonly key: string;
  readonly fetch: TrackedFetch;
  /** The user whose rows it sees; without one, the key's own role. */
  readonly accessToken?: string;
}

/**
 * Real supabase-js, every builder unchanged, with our fetch underneath. It opens no realtime socket until asked, starts
 * no timer, and retries nothing by itself: what is sent again is our fetch's to decide, so that one call is one operation.
 */
export function createTrackedClient({ url, key, fetch, accessToken }: TrackedClientOptions): SupabaseClient<Database> {
  return createClient<Database>(url, key, {
    global: {
      fetch,
      // A header, not the accessToken option: that one would take the auth namespace away.
      ...(accessToken === undefined ? {} : { headers: { Authorization: `Bearer ${accessToken}` } }),
    },
    db: { retry: false },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}

export interface AnonOptions {
  /** No request begins after it, and none outlives it. */
  readonly signal?: AbortSignal;
  /** What `exchangeCodeForSession` proves that the sign-in by OAuth was begun here with (PKCE). */
  readonly codeVerifier?: string;
}

export type SharedClientOptions = Omit<TrackedClientOptions, "accessToken"> & AnonOptions;

/**
 * A client that many callers share: a sign-in through it is answered, and forgotten. Otherwise whoever signs in would
 * lend its session to everybody else's calls.
 */
export function createSharedClient(options: SharedClientOptions): SupabaseClient<Database> {
  const { url, key, fetch, signal, codeVerifier } = options;
  return createClient<Database>(url, key, {
    global: { fetch: signal === undefined ? fetch : endingWith(signal, fetch) },
    db: { retry: false },
    auth: {
      persistSession: true,
      storage: codeVerifier === undefined ? forgetful : { ...forgetful, getItem: verifierOf(codeVerifier) },
      ...(codeVerifier === undefined ? {} : { flowType: "pkce" }),
      autoRefreshToken: false,
      detectSessionInUrl: false,
    },
  });
}

/** The signal for each request: auth-js tries a refresh again for half a minute by itself. */
function endingWith(signal: AbortSignal, fetch: TrackedFetch): typeof globalThis.fetch {
  return async (input, init) => {
    signal.throwIfAborted();
    const own = init?.signal ?? undefined;
    return await fetch(input, { ...init, signal: own === undefined ? signal : AbortSignal.any([own, signal]) });
  };
}

const forgetful = { getItem: () => null, setItem: () => {}, removeItem: () => {} };

/** auth-js asks for it under this name, and takes it as JSON. */
function verifierOf(codeVerifier: string) {
  return (name: string): string | null => (name.endsWith("-code-verifier") ? JSON.stringify(codeVerifier) : null);
}
