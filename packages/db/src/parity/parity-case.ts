import type { SupabaseClient } from "@supabase/supabase-js";

/** What a case works on: fresh for each, the same rows, file and account for both ways. */
export interface World {
  /** Under the secret key. */
  readonly admin: SupabaseClient;
  /** Under the publishable key; in the cases of Auth somebody has signed in. */
  readonly user: SupabaseClient;
  readonly email: string;
  readonly password: string;
  readonly userId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Holds `a.txt` and `d/b.txt`. */
  readonly bucket: string;
}

/**
 * A method of supabase-js, a remark if it is called in several ways, and what is done with it. `refused` where the
 * local stack, or Supabase itself, says no: then the refusals are compared, else a case must succeed.
 */
export type ParityCase = readonly [name: string, run: (world: World) => PromiseLike<unknown>, outcome?: "refused"];

/** The rows that every case finds. */
export const TABLE = "parity_items";

/** `table` under the secret key. */
export const items = (world: World) => world.admin.from(TABLE);
