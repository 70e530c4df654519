import { supabaseClientPhase, transitionSupabaseClient } from "@waybill/contracts";
import type { SupabaseClientEvent, SupabaseClientRow, SupabaseClientState } from "@waybill/contracts";
import { clientBusy, clientDeactivated, clientDisconnected } from "../client/index.ts";
import type { CallConnection, CallError, ConnectionSign } from "../client/index.ts";
import type { Log } from "../log.ts";
import type { Backoff } from "../backoff.ts";
import { createBulkhead } from "./bulkhead.ts";
import type { ClientRows } from "./client-rows.ts";
import { openProbe } from "./probe.ts";
import { openRowKeeper } from "./row-keeper.ts";

export interface ConnectionOptions {
  /** `<instance>/<client_type>` */
  readonly clientId: string;
  readonly clientType: SupabaseClientRow["client_type"];
  readonly url: string;
  readonly key: string;
  /** Makes the key fit to be stored (secrets.ts). */
  readonly encrypt: (key: string, clientId: string) => string;
  readonly rows: ClientRows;
  /** The row is in another project than the one that is connected to: its failures say nothing of this one. */
  readonly rowIsElsewhere?: boolean;
  readonly log: Log;
  /** Told once the row is there, so that operations may refer to it. */
  readonly onRegistered?: () => void;
  /** Told when the row is gone: a person removed the client, for good. Without it the row is made anew. */
  readonly onRemoved?: () => void;
  /** Between the retries that lead to disconnected (default 0.5 s, doubling to 10 s). */
  readonly retryBackoff?: Backoff;
  /** Between the probes of a disconnected client (default 1 s, doubling to 30 s). */
  readonly probeBackoff?: Backoff;
  /** `last_used` and counters are written at most this often (default 5 s); a change of status at once. */
  readonly writeEveryMs?: number;
  /** Calls under way at once (default 64), and waiting for that (default 10,000); one more is TRANSPORT_BUSY. */
  readonly bulkhead?: { readonly most: number; readonly mostWaiting: number };
  /** How long `close` waits for its last write (default 2 s). */
  readonly closeMs?: number;
}

/** How one connection does, for `/health` and `/ready`. */
export interface ConnectionHealth extends SupabaseClientState {
  readonly client_id: string;
  /** Why it is in trouble, or last was; never holds a key. */
  readonly last_error: string | null;
  /** Whether its row is in `supabase_clients`. */
  readonly registered: boolean;
}

/** One SupabaseClient row and the life behind it (data-model.md §1), owned by this process. */
export interface Connection extends CallConnection, AsyncDisposable {
  /** Resolves once the row is there. Keeps trying while Supabase is unreachable; never rejects. */
  readonly registered: Promise<void>;
  health(): ConnectionHealth;
  /** Whether its row is there and it is in use. */
  isReady(): boolean;
  /** A person wants it back: one probe now. False when Supabase still does not answer. */
  reconnect(): Promise<boolean>;
  /** A person takes it out of use; only {@link reconnect} brings it back. */
  deactivate(): void;
  /** Sends away the calls that wait for others to end. */
  refuseWaiting(reason: CallError): void;
  /** Marks the row as stopped and ends the background work. */
  close(): Promise<void>;
}

/** Calls that are let through at once after an outage, until one of them has succeeded; the others wait. */
const TRICKLE = 3;
const BULKHEAD = { most: 64, mostWaiting: 10_000 };

export function openConnection(options: ConnectionOptions): Connection {
  const { clientId, log } = options;
  let state = initialState();
  let lastError: string | null = null;
  let lastUsed: number | null = null;
  let closed = false;
  /** A probe got through, but no call has yet. */
  let isHalfOpen = false;
  const { most, mostWaiting } = options.bulkhead ?? BULKHEAD;
  const bulkhead = createBulkhead({ most, mostWaiting, full: () => clientBusy(clientId, [most, mostWaiting]) });

  /** The state as it would be stored: the many successes of a healthy connection are folded in here, once a write. */
  const current = (): SupabaseClientState => {
    if (lastUsed !== null) {
      const at = new Date(lastUsed).toISOString();
      lastUsed = null;
      const used = transitionSupabaseClient(state, { type: "operation_succeeded", at });
      if (used.ok) state = used.state;
    }
    return state;
  };
  const apply = (event: SupabaseClientEvent): boolean => {
    const before = current();
    const result = transitionSupabaseClient(before, event);
    if (!result.ok) return false;
    state = result.state;
    if (before.is_active !== state.is_active) passOrRefuse();
    if (before.connection_status !== state.connection_status || before.is_active !== state.is_active) {
      const level = state.connection_status === "connected" || closed ? "info" : "warn";
      log(level, `Client ${clientId} is ${state.connection_status}${state.is_active ? "" : " and out of use"}`, {
        client_id: clientId,
        event: event.type,
        ...(lastError === null || level === "info" ? {} : { reason: lastError }),
      });
      keeper.writeNow();
    } else keeper.writeSoon();
    probe.follow(supabaseClientPhase(state), state.retry_count);
    return true;
  };

  /** What waits follows the client in and out of use: back in use it trickles, for a crowd could fell what just stood up. */
  const passOrRefuse = (): void => {
    const refusal = connection.refusal();
    if (refusal !== null) bulkhead.refuseWaiting(refusal);
    isHalfOpen = refusal === null;
    bulkhead.allow(isHalfOpen ? Math.min(TRICKLE, most) : most);
  };
  const failOnce = (): void => {
    const wasHalfOpen = isHalfOpen;
    // half open, one failure is enough to know
    if (apply({ type: "connection_failed" }) && wasHalfOpen) apply({ type: "max_retries_reached" });
  };

  const probe = openProbe({
    ...options,
    async ask() {
      const answer = await options.rows.probe(options.key);
      if (!answer.alive) lastError = answer.message;
      return answer.alive;
    },
    answered(alive) {
      const phase = supabaseClientPhase(state);
      if (phase === "failing") apply({ type: "retried", outcome: alive ? "success" : "failure" });
      else if (phase === "disconnected") {
        apply(alive ? { type: "reconnected", by: "probe" } : { type: "retried", outcome: "failure" });
      } else if (phase === "connected" && !alive) failOnce();
    },
  });

  const removed = (): void => {
    apply({ type: "deactivated" });
    options.onRemoved?.();
  };
  const keeper = openRowKeeper({
    ...options,
    current,
    adopt(stored) {
      // A person took it out of use, here or in the database: that outlives a restart.
      if (supabaseClientPhase(stored) === "deactivated") apply({ type: "deactivated" });
      if (state.last_used === null) state = { ...state, last_used: stored.last_used };
    },
    ...(options.onRemoved === undefined ? {} : { onRemoved: removed }),
    failed: (message) => {
      if (options.rowIsElsewhere !== true) observe({ type: "failed", message });
    },
  });

  const observe = (sign: ConnectionSign): void => {
    if (closed) return;
    if (sign.type === "succeeded") {
      const wasIdle = lastUsed === null;
      lastUsed = Date.now();
      if (isHalfOpen && state.is_active) {
        isHalfOpen = false;
        bulkhead.allow(most);
      }
      if (state.connection_status === "error")
        apply({ type: "operation_succeeded", at: new Date(lastUsed).toISOString() });
      else if (wasIdle) keeper.writeSoon();
    } else if (sign.type === "failed") {
      lastError = sign.message;
      failOnce();
    } else probe.now();
  };

  const connection: Connection = {
    clientId,
    registered: keeper.registered,
    observe,
    enter: (limit) => bulkhead.enter(limit),
    leave: () => bulkhead.leave(),
    refuseWaiting: (reason) => bulkhead.refuseWaiting(reason),
    refusal(): CallError | null {
      if (state.is_active) return null;
      return supabaseClientPhase(state) === "deactivated"
        ? clientDeactivated(clientId)
        : clientDisconnected(clientId, lastError);
    },
    health: () => ({ client_id: clientId, ...current(), last_error: lastError, registered: keeper.isRegistered() }),
    isReady: () => keeper.isRegistered() && state.is_active,
    async reconnect() {
      const answer = await options.rows.probe(options.key);
      if (!answer.alive) {
        lastError = answer.message;
        return false;
      }
      if (apply({ type: "reconnected", by: "person" })) keeper.overruleNow();
      return true;
    },
    deactivate: () => void apply({ type: "deactivated" }),
    async close() {
      if (closed) return;
      closed = true;
      apply({ type: "stopped" });
      probe.close();
      await keeper.close();
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
  return connection;
}

function initialState(): SupabaseClientState {
  const born = transitionSupabaseClient(null, { type: "initialized" });
  if (!born.ok) throw new TypeError(born.message);
  return born.state;
}
