import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createSharedClient, createTrackedClient, operationContextSchema, runInContext } from "./client/index.ts";
import type { Connection } from "./connection/index.ts";
import type { Database } from "./database.types.ts";
import { WaybillDbError } from "./errors.ts";
import { openGateway, type Gateway } from "./gateway.ts";
import { createRegisteredClients, sideSupabase } from "./registered-clients.ts";
import { createClientRowStore } from "./stores/client-rows.ts";
import { createClientStore } from "./stores/clients.ts";
import { createCounterStore } from "./stores/counters.ts";
import { createModelMarks } from "./stores/model-marks.ts";
import { createModelMigrationStore } from "./stores/model-migrations.ts";
import { createModelStore } from "./stores/models.ts";
import { createOperationStatsStore } from "./stores/operation-stats.ts";
import { createOperationStore } from "./stores/operations.ts";
import { rowReader } from "./stores/page.ts";
import { openSessionActivity } from "./stores/session-activity.ts";
import { createSessionRefreshStore } from "./stores/session-refresh.ts";
import { createSessionStore } from "./stores/sessions.ts";
import { untrackedFetch } from "./untracked-fetch.ts";
import { parseInput } from "./stores/input.ts";
import { userClients } from "./user-clients.ts";
import type { WaybillOptions } from "./waybill-options.ts";
import type { Waybill } from "./waybill-types.ts";

const flushDeadlineMs = 5_000;
/** For what is written and looked at beside the records: what has no answer by then is not worth waiting for. */
const untrackedDeadlineMs = 10_000;

/**
 * Opens the gateway to one Supabase project. It does not wait for Supabase: operations fail with a reason, and `ready()`
 * is false, until it answers.
 *
 * ```ts
 * await using waybill = createWaybill({ url, publishableKey, secretKey, journalDir: ".waybill" });
 * const { data, error } = await waybill.forUser(accessToken).from("airports").select();
 * ```
 *
 * @throws WaybillDbError `ENVIRONMENT_INVALID`, naming the option and its rule
 */
export function createWaybill(options: WaybillOptions): Waybill {
  const { url, publishableKey, secretKey } = options;
  const gateway = openGateway({ ...options, joinRetries: false });
  const { fetch, ledger, keys } = gateway;
  const service = createSharedClient({ url, key: secretKey, fetch });
  const forUser = userClients((accessToken) => createTrackedClient({ url, key: publishableKey, fetch, accessToken }));
  // one for all lists: how long an answer can be is the project's
  const readRows = rowReader();
  const connections = () => ({ service_role: gateway.service, anon: anonOf(gateway) });
  const rowStore = createClientRowStore(service);
  const untracked = untrackedClient(gateway, options);
  const activity = openSessionActivity({ untracked, log: options.log });
  const close = async (): Promise<void> => {
    await activity.close();
    await gateway.close();
  };
  const { open: openSide, ...registered } = createRegisteredClients(gateway, rowStore, options.allowHttpLoopback);

  return {
    service: () => service,
    // One for each call: auth-js answers all who refresh through one client at the same moment with the first one's tokens.
    anon: (anonOptions) => createSharedClient({ ...anonOptions, url, key: publishableKey, fetch }),
    forUser,
    run: async (context, work) => {
      parseInput("The context", operationContextSchema, context);
      return await runInContext(context, async () => await work());
    },
    operations: { ...createOperationStore(service, readRows), ...createOperationStatsStore(service) },
    clients: { ...createClientStore(service, readRows), ...registered },
    async client(clientId, accessToken) {
      if (clientId === gateway.service.clientId) return service;
      if (clientId !== gateway.anon()?.clientId) return sideSupabase(await openSide(clientId), accessToken);
      return accessToken === undefined ? createSharedClient({ url, key: publishableKey, fetch }) : forUser(accessToken);
    },
    sessions: {
      ...createSessionStore({ service, untracked, keys, readRows }),
      ...createSessionRefreshStore({ service, untracked, keys }),
      touch: (session) => activity.touch(session),
    },
    counters: (deadlineMs) => createCounterStore(untracked, deadlineMs),
    models: { ...createModelStore(service, readRows), ...createModelMarks(untracked) },
    modelMigrations: createModelMigrationStore(service, readRows),
    invalidate: (table) => gateway.cache?.invalidate(table),
    connection(clientId) {
      const own =
        Object.values(connections()).find((connection) => connection.clientId === clientId) ??
        gateway.sides.get(clientId)?.connection;
      if (own !== undefined) return own;
      throw new WaybillDbError({
        code: "NOT_FOUND",
        message: "This process runs no such client.",
        hint: "Ask the instance whose name stands before the slash in client_id.",
      });
    },
    health() {
      const { service_role, anon: anonymous } = connections();
      return { service_role: service_role.health(), anon: anonymous.health(), ledger: ledger.health() };
    },
    runsJobs: () => gateway.jobs?.isRunning() ?? false,
    watch: (watcher) => gateway.watchers.add(watcher),
    ready() {
      const { full, whenFull } = ledger.health();
      const isTaking = full === null || whenFull === "shed";
      return isTaking && Object.values(connections()).every((connection) => connection.isReady());
    },
    flush: (deadlineMs = flushDeadlineMs) => ledger.flush(deadlineMs),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** It is open from the start, since the publishable key is known. */
function anonOf(gateway: Gateway): Connection {
  const connection = gateway.anon();
  if (connection === undefined) throw new WaybillDbError({ code: "INTERNAL", message: "There is no anon connection." });
  return connection;
}

function untrackedClient({ transport }: Gateway, { url, secretKey }: WaybillOptions): SupabaseClient<Database> {
  return createClient<Database>(url, secretKey, {
    global: { fetch: untrackedFetch(transport, untrackedDeadlineMs) },
    db: { retry: false },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}
