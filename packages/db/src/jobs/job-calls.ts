import { createClient } from "@supabase/supabase-js";
import { z } from "zod";
import { openTransport } from "../client/index.ts";
import type { Database } from "../database.types.ts";
import { rowsOf } from "../stores/answer.ts";
import { untrackedFetch } from "../untracked-fetch.ts";

export interface JobCallsOptions {
  readonly url: string;
  /** `sb_secret_…` or a legacy service_role key: nobody else may call these functions. */
  readonly secretKey: string;
  readonly ca?: string | undefined;
}

const maintenanceSchema = z.object({
  /** Days that have a partition now and had none before. */
  made: z.number().int().nonnegative(),
  dropped: z.number().int().nonnegative(),
  /** Rows that went from the default partition to that of their day. */
  moved: z.number().int().nonnegative(),
  /** Rows past retention that lay in the default partition. */
  purged: z.number().int().nonnegative(),
  /** Whether the next step should follow at once. */
  more: z.boolean(),
  /** Whether others held a lock that a step needs. */
  postponed: z.boolean(),
});
export type Maintenance = z.infer<typeof maintenanceSchema>;

const expirySchema = z.object({
  /** Sessions past their expiry that were in use still. */
  expired: z.number().int().nonnegative(),
  /** Sessions that are over because nobody used them. */
  ended: z.number().int().nonnegative(),
  more: z.boolean(),
});

/**
 * What the jobs ask of the database, over the Data API and beside the tracked client: these are the ledger's own calls
 * (decisions.md, Tracking). Each rejects with a WaybillDbError, and has a deadline.
 */
export interface JobCalls {
  /** True when `holder` has the lease for the next `seconds`; false when somebody else does. */
  holdLease(lease: string, holder: string, seconds: number): Promise<boolean>;
  releaseLease(lease: string, holder: string): Promise<void>;
  /** One step of the partitions' upkeep. */
  maintainOperations(retentionDays: number): Promise<Maintenance>;
  /** How many records of sessions that ended `sessionDays` ago were removed: 10,000 at most. */
  removeOperationsOfEndedSessions(sessionDays: number, operationDays: number): Promise<number>;
  /** One step of the sessions' expiry, and of the end of those that nobody used for so many days. */
  expireSessions(idleDays: number): Promise<z.infer<typeof expirySchema>>;
  beatClients(clientIds: readonly string[]): Promise<void>;
  /** How many clients were marked. */
  disconnectDeadClients(afterSeconds: number): Promise<number>;
  /** The next page of secrets that another key than `keyId` sealed, in the order of their rows. */
  sessionsSealedOtherwise(keyId: string, after: string | null): Promise<readonly SealedSession[]>;
  clientsSealedOtherwise(keyId: string, after: string | null): Promise<readonly SealedClient[]>;
  /** How many rows took the new ciphertexts: those that still had the old ones. */
  resealSessions(changes: readonly Resealing<SealedSession>[]): Promise<number>;
  resealClients(changes: readonly Resealing<SealedClient>[]): Promise<number>;
  close(): Promise<void>;
}

const sealedSessionSchema = z.object({ session_id: z.string(), access_token: z.string(), refresh_token: z.string() });
export type SealedSession = z.infer<typeof sealedSessionSchema>;
const sealedClientSchema = z.object({ client_id: z.string(), supabase_key: z.string() });
export type SealedClient = z.infer<typeof sealedClientSchema>;

export interface Resealing<Row> {
  readonly before: Row;
  readonly after: Row;
}

/** A page is at most 5 MB, of the longest tokens that there can be. */
export const RESEALED_A_STEP = 100;

const CALL_MS = 5_000;
/** The function gives itself 60 s. */
const MAINTENANCE_MS = 65_000;

export function openJobCalls({ url, secretKey, ca }: JobCallsOptions): JobCalls {
  // Few sockets of its own: a pool full of hanging calls must not cost a process its lease.
  const transport = openTransport({ url, ca, connections: 2, maxPending: 20 });
  const client = createClient<Database>(url, secretKey, {
    global: { fetch: untrackedFetch(transport, MAINTENANCE_MS) },
    db: { retry: false },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
  const within = (ms: number): AbortSignal => AbortSignal.timeout(ms);
  const one = <Value extends z.ZodType>(
    what: string,
    value: Value,
    answer: Awaited<ReturnType<typeof client.rpc>>,
  ): z.output<Value> => {
    const [row] = rowsOf(what, value, { ...answer, data: [answer.data] });
    return value.parse(row);
  };

  return {
    async holdLease(lease, holder, seconds) {
      const input = { lease, lease_holder: holder, lease_seconds: seconds };
      return one("Holding the lease", z.boolean(), await client.rpc("hold_lease", input).abortSignal(within(CALL_MS)));
    },
    async releaseLease(lease, holder) {
      const input = { lease, lease_holder: holder };
      one("Giving up the lease", z.boolean(), await client.rpc("release_lease", input).abortSignal(within(CALL_MS)));
    },
    async maintainOperations(retentionDays) {
      const call = client.rpc("maintain_operations", { retention_days: retentionDays });
      return one("The upkeep of the partitions", maintenanceSchema, await call.abortSignal(within(MAINTENANCE_MS)));
    },
    async removeOperationsOfEndedSessions(sessionDays, operationDays) {
      const input = { session_days: sessionDays, operation_days: operationDays };
      const call = client.rpc("remove_operations_of_ended_sessions", input);
      return one("Removing records of ended sessions", z.number(), await call.abortSignal(within(MAINTENANCE_MS)));
    },
    async expireSessions(idleDays) {
      const call = client.rpc("expire_sessions", { idle_days: idleDays });
      return one("Expiring sessions", expirySchema, await call.abortSignal(within(MAINTENANCE_MS)));
    },
    async beatClients(clientIds) {
      const call = client.rpc("beat_clients", { client_ids: [...clientIds] });
      one("The heartbeat", z.number(), await call.abortSignal(within(CALL_MS)));
    },
    async disconnectDeadClients(afterSeconds) {
      const call = client.rpc("disconnect_dead_clients", { after_seconds: afterSeconds });
      return one("Marking dead clients", z.number(), await call.abortSignal(within(CALL_MS)));
    },
    async sessionsSealedOtherwise(keyId, after) {
      const input = { key_id: keyId, page: RESEALED_A_STEP, ...(after === null ? {} : { after_row: after }) };
      const answer = await client.rpc("sessions_sealed_otherwise", input).abortSignal(within(MAINTENANCE_MS));
      return rowsOf("Looking for sessions of an older key", sealedSessionSchema, answer);
    },
    async clientsSealedOtherwise(keyId, after) {
      const input = { key_id: keyId, page: RESEALED_A_STEP, ...(after === null ? {} : { after_row: after }) };
      const answer = await client.rpc("clients_sealed_otherwise", input).abortSignal(within(MAINTENANCE_MS));
      return rowsOf("Looking for clients of an older key", sealedClientSchema, answer);
    },
    async resealSessions(changes) {
      const input = { changes: changes.map(({ before, after }) => ({ before, after })) };
      const answer = await client.rpc("reseal_sessions", input).abortSignal(within(MAINTENANCE_MS));
      return one("Sealing sessions anew", z.number(), answer);
    },
    async resealClients(changes) {
      const input = { changes: changes.map(({ before, after }) => ({ before, after })) };
      const answer = await client.rpc("reseal_clients", input).abortSignal(within(MAINTENANCE_MS));
      return one("Sealing clients' keys anew", z.number(), answer);
    },
    close: () => transport.close(),
  };
}
