import {
  authenticationContextOutputSchema,
  authenticationContextRefreshSchema,
  type AuthenticationContextOutput,
  transitionAuthenticationContext,
} from "@waybill/contracts";
import { randomUUID } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import type { EncryptionKeys } from "../secrets.ts";
import { rowsOf } from "./answer.ts";
import { endedSession } from "./ended-session.ts";
import { nextState, parseInput } from "./input.ts";
import { sealTokens } from "./session-tokens.ts";

/** The right to refresh one session, which one holder at a time has, of all processes. */
export interface RefreshLease {
  readonly sessionId: string;
  readonly holder: string;
  /** By `performance.now()`: until then nobody else has it for certain. */
  readonly heldUntil: number;
}

/**
 * What became of asking for it. busy: somebody else refreshes. backing_off: the last try failed. Both tell for how many
 * milliseconds at most. moved: the session was refreshed or ended since it was read.
 */
export type RefreshTurn =
  | { readonly kind: "leased"; readonly lease: RefreshLease }
  | { readonly kind: "busy" | "backing_off"; readonly waitMs: number }
  | { readonly kind: "moved" };

/**
 * Token refresh (data-model.md §3). A refresh token is good for one use, so who asks Supabase Auth holds the session's
 * lease. It ends by itself, for its holder may be killed.
 */
export interface SessionRefreshStore {
  leaseRefresh(session: AuthenticationContextOutput, leaseMs: number): Promise<RefreshTurn>;
  /** Both tokens anew, and gives the lease back. Throws `VERSION_CONFLICT` when it is somebody else's, or the session over. */
  storeRefreshed(
    session: AuthenticationContextOutput,
    lease: RefreshLease,
    refresh: z.input<typeof authenticationContextRefreshSchema>,
  ): Promise<AuthenticationContextOutput>;
  /** Ends a session whose refresh token was refused. False when the lease is somebody else's: then nothing is known. */
  endRefused(session: AuthenticationContextOutput, lease: RefreshLease): Promise<boolean>;
  /** Without a refresh. After a failure nobody tries for a while; answers for how many milliseconds. */
  releaseRefresh(lease: RefreshLease, failed: boolean): Promise<number>;
}

export interface SessionRefreshStoreOptions {
  readonly service: SupabaseClient<Database>;
  /** The same rights, but its calls leave no record: for the lease. */
  readonly untracked: SupabaseClient<Database>;
  readonly keys: EncryptionKeys;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
}

const columns = Object.keys(authenticationContextOutputSchema.shape).join(",");
const leaseCallMs = 5_000;
const turnSchema = z.object({
  outcome: z.enum(["leased", "busy", "backing_off", "moved"]),
  wait_ms: z.number().int().nonnegative(),
});

export function createSessionRefreshStore({
  service,
  untracked,
  keys,
  clock = Date.now,
}: SessionRefreshStoreOptions): SessionRefreshStore {
  const now = () => new Date(clock()).toISOString();
  const soon = () => AbortSignal.timeout(leaseCallMs);

  return {
    async leaseRefresh(session, leaseMs) {
      const holder = randomUUID();
      // counted from before it is asked for: the database begins to count later
      const heldUntil = performance.now() + leaseMs;
      const answer = await untracked
        .rpc("lease_session_refresh", {
          session: session.session_id,
          seen_expires_at: session.expires_at,
          lease_holder: holder,
          lease_seconds: leaseMs / 1000,
        })
        .abortSignal(soon());
      const [turn] = rowsOf("Asking for the session's refresh", turnSchema, { ...answer, data: [answer.data] });
      if (turn === undefined || turn.outcome === "moved") return { kind: "moved" };
      if (turn.outcome !== "leased") return { kind: turn.outcome, waitMs: turn.wait_ms };
      return { kind: "leased", lease: { sessionId: session.session_id, holder, heldUntil } };
    },

    async storeRefreshed(session, lease, input) {
      const refresh = parseInput("The refreshed session", authenticationContextRefreshSchema, input);
      const { expires_at } = refresh;
      const event = { type: "token_refreshed", at: now(), expires_at } as const;
      const { is_active } = nextState(transitionAuthenticationContext(session, event));
      const answer = await service
        .from("authentication_contexts")
        .update({
          ...sealTokens(keys, session.session_id, refresh),
          is_active,
          expires_at,
          refresh_holder: null,
          refresh_until: null,
          refresh_failures: 0,
        })
        .eq("session_id", session.session_id)
        .eq("refresh_holder", lease.holder)
        .select(columns);
      const [row] = rowsOf("Storing the refreshed session", authenticationContextOutputSchema, answer);
      if (row === undefined) throw changed();
      return row;
    },

    async endRefused(session, lease) {
      const answer = await service
        .from("authentication_contexts")
        .update(endedSession(session, now()))
        .eq("session_id", session.session_id)
        .eq("refresh_holder", lease.holder)
        .select(columns);
      return rowsOf("Ending the session", authenticationContextOutputSchema, answer).length > 0;
    },

    async releaseRefresh({ sessionId, holder }, failed) {
      const answer = await untracked
        .rpc("release_session_refresh", { session: sessionId, lease_holder: holder, failed })
        .abortSignal(soon());
      const [pause] = rowsOf("Giving up the session's refresh", z.number(), { ...answer, data: [answer.data] });
      return pause ?? 0;
    },
  };
}

const changed = () =>
  new WaybillDbError({
    code: "VERSION_CONFLICT",
    message: "The session was refreshed or ended by somebody else meanwhile.",
    hint: "Read the session again and use the tokens that it has now.",
  });
