import type { SupabaseClient } from "@supabase/supabase-js";
import type { OperationContext, OperationWatcher } from "./client/index.ts";
import type { Connection, ConnectionHealth } from "./connection/index.ts";
import type { AnonOptions } from "./client/tracked-client.ts";
import type { Database } from "./database.types.ts";
import type { FlushReport, LedgerHealth } from "./ledger/index.ts";
import type { RegisteredClients } from "./registered-clients.ts";
import type { ClientStore } from "./stores/clients.ts";
import type { CounterStore } from "./stores/counters.ts";
import type { ModelMarks } from "./stores/model-marks.ts";
import type { ModelMigrationStore } from "./stores/model-migrations.ts";
import type { ModelStore } from "./stores/models.ts";
import type { OperationStatsStore } from "./stores/operation-stats.ts";
import type { OperationStore } from "./stores/operations.ts";
import type { SessionActivity } from "./stores/session-activity.ts";
import type { SessionRefreshStore } from "./stores/session-refresh.ts";
import type { SessionStore } from "./stores/sessions.ts";

export interface WaybillHealth {
  readonly service_role: ConnectionHealth;
  readonly anon: ConnectionHealth;
  readonly ledger: LedgerHealth;
}

/** The gateway: real supabase-js clients whose every call leaves one record, and the stores over the records. */
export interface Waybill extends AsyncDisposable {
  /** With the secret key: no policy holds it. */
  service(): SupabaseClient<Database>;
  /** With the publishable key and a user's access token: under that user's policies. */
  forUser(accessToken: string): SupabaseClient<Database>;
  /**
   * With the publishable key alone, for sign-up, sign-in and refresh. It keeps no session, and each call gives a new one:
   * take one for each user, since auth-js lets concurrent refreshes of one client share one answer.
   */
  anon(options?: AnonOptions): SupabaseClient<Database>;
  /**
   * Runs `work` to its end so that every operation in it, however deep, is recorded under `context`. A builder that it
   * returns is sent within it too: supabase-js sends when it is awaited, not when it is built.
   * Rejects with `VALIDATION_FAILED` for a context that no record could hold.
   */
  run<T>(context: OperationContext, work: () => T | PromiseLike<T>): Promise<T>;
  readonly operations: OperationStore & OperationStatsStore;
  readonly clients: ClientStore & RegisteredClients;
  /**
   * A client by its id: one of this process' own two, or a registered one, which runs in this process from then on. With
   * an access token under that user's policies. Throws `NOT_FOUND`.
   */
  client(clientId: string, accessToken?: string): Promise<SupabaseClient>;
  readonly sessions: SessionStore & SessionRefreshStore & SessionActivity;
  readonly models: ModelStore & ModelMarks;
  readonly modelMigrations: ModelMigrationStore;
  /** Counters that all processes of this database share. Their calls leave no record, and wait no longer than that. */
  counters(deadlineMs: number): CounterStore;
  /** Drops the cached answers that a change of this table concerns, for changes that did not pass through here. */
  invalidate(table: string): void;
  /** A client of this process, to reconnect or deactivate it. Throws `NOT_FOUND` for one of another instance. */
  connection(clientId: string): Pick<Connection, "health" | "reconnect" | "deactivate">;
  health(): WaybillHealth;
  /** Whether this process is the one that runs the jobs of the database. */
  runsJobs(): boolean;
  /** Shows every operation from now on to `watcher`, for metrics and traces; the answer ends that. */
  watch(watcher: OperationWatcher): () => void;
  /** Whether both clients are connected and no operation is refused for want of room in the journal. */
  ready(): boolean;
  /** Brings every finished record to the database; waits at most `deadlineMs` (default 5,000). */
  flush(deadlineMs?: number): Promise<FlushReport>;
  /** Flushes, signs the clients off and closes every connection. What could not be flushed waits in the journal. */
  close(): Promise<void>;
}
