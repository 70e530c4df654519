import { type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../src/database.types.ts";
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
  signUp(): Promise<SignedIn>;
}
export declare function plainClients(): PlainClients;
/** The error that a promise rejects with; fails when it resolves. */
export declare function rejection(work: Promise<unknown>): Promise<unknown>;
