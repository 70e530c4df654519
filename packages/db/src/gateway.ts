import { hostname } from "node:os";
import { setImmediate } from "node:timers/promises";
import { clientTypeOfKey, instanceSchema, supabaseKeySchema, supabaseUrlSchema } from "@waybill/contracts";
import { createReadCache, type ReadCache } from "./cache/index.ts";
import {
  createCapture,
  createRedaction,
  createTrackedFetch,
  openTransport,
  operationWatchers,
  shuttingDown,
} from "./client/index.ts";
import type {
  CallConnection,
  HeaderLookup,
  OperationWatchers,
  Redaction,
  TrackedFetch,
  Transport,
} from "./client/index.ts";
import { createAddressGuard, openClientRows, openConnection } from "./connection/index.ts";
import type { AddressGuard, Connection, ConnectionOptions } from "./connection/index.ts";
import { WaybillDbError } from "./errors.ts";
import { keysOfDirectory } from "./key-file.ts";
import { openHeartbeat, openJobCalls, openJobs, type Jobs } from "./jobs/index.ts";
import { createClock, createUuidV7, onExit, openLedger } from "./ledger/index.ts";
import type { OpenedLedger } from "./ledger/index.ts";
import { silentLog } from "./log.ts";
import { encryptSecret, type EncryptionKeys, keyPlace } from "./secrets.ts";
import { openSideClients, type SideClients } from "./side-clients.ts";
import type { WaybillOptions } from "./waybill-options.ts";

export type GatewayOptions = Omit<WaybillOptions, "publishableKey"> & {
  /** Without it the first call under such a key tells. */
  readonly publishableKey?: string | undefined;
  /** Whether the client above retries by itself, as supabase-js does unless told not to. */
  readonly joinRetries: boolean;
};

/** Everything between a `fetch` and a record: sockets, journal, and the client rows that operations refer to. */
export interface Gateway {
  readonly fetch: TrackedFetch;
  readonly transport: Transport;
  /** Undefined unless the options ask for one. */
  readonly cache: ReadCache | undefined;
  readonly ledger: OpenedLedger;
  readonly service: Connection;
  /** Undefined where `operationRetentionDays` is. */
  readonly jobs: Jobs | undefined;
  readonly watchers: OperationWatchers;
  /** For secrets at rest: those that were given, or the journal directory's own. */
  readonly keys: EncryptionKeys;
  /** The name of this process in `client_id`. */
  readonly instance: string;
  /** The clients that run beside these two. */
  readonly sides: SideClients;
  readonly guard: AddressGuard;
  /** Undefined until a publishable key is known. */
  anon(): Connection | undefined;
  close(): Promise<void>;
}

const TIMEOUT_MS = 60_000;
const IDLE_DAYS = 7;
/** Linux writes what it holds to the disk within 35 s unless told otherwise. */
const KEEP_FLUSHED_MS = 40_000;

/** Opens all of it without waiting for Supabase. Throws `ENVIRONMENT_INVALID` for options that cannot work. */
export function openGateway(options: GatewayOptions): Gateway {
  const instance = checkOptions(options);
  // before anything is open that would have to be closed again
  const capture = createCapture(redactionOf(options.redact), options.captureBytes);
  const cache = options.cache === undefined ? undefined : createReadCache(options.cache);
  const { url, secretKey, ca, journalDir, joinRetries } = options;
  const log = options.log ?? silentLog;
  const keys = options.encryptionKeys ?? keysOfDirectory(journalDir);
  // as many as both clients may have under way, so that neither takes the other's
  const transport = openTransport({ url, ca, connections: 128 });
  let settleHeld = (): void => {};
  // before the ledger's own, which writes what comes of it
  const forgetExit = onExit(() => settleHeld());
  const ledger = openLedger({
    journalDir,
    url,
    secretKey,
    ca,
    log,
    sink: options.sink,
    maxJournalBytes: options.maxJournalBytes,
    whenFull: options.whenLedgerFull,
    fsync: options.journalFsync,
    keepFlushedMs: options.databaseCommitsLater === true ? KEEP_FLUSHED_MS : 0,
  });
  const rows = openClientRows({ url, secretKey, ca });
  const calls = openJobCalls({ url, secretKey, ca });
  const clientIds = () =>
    [service, anon, ...sides.connections()].flatMap((connection) =>
      connection?.health().registered ? [connection.clientId] : [],
    );
  const heartbeat = openHeartbeat({ calls, log, clientIds });
  const retentionDays = options.operationRetentionDays;
  const { sessionRetentionDays } = options;
  const sessionIdleDays = options.sessionIdleDays ?? IDLE_DAYS;
  const jobs =
    retentionDays === undefined
      ? undefined
      : openJobs({ calls, log, instance, retentionDays, sessionRetentionDays, sessionIdleDays, keys });
  const watchers = operationWatchers();

  const registered = (clientId: string): void => {
    ledger.clientRegistered(clientId);
    heartbeat.now();
  };
  const encrypt = (plain: string, clientId: string) => encryptSecret(keys, plain, keyPlace(clientId));
  const open = (clientType: ConnectionOptions["clientType"], key: string): Connection => {
    const clientId = `${instance}/${clientType}`;
    const onRegistered = () => registered(clientId);
    return openConnection({ clientId, clientType, url, key, encrypt, rows, log, onRegistered });
  };
  const service = open("service_role", secretKey);
  let anon = options.publishableKey === undefined ? undefined : open("anon", options.publishableKey);

  let closing: Promise<void> | undefined;
  const connectionOf = (headers: HeaderLookup): CallConnection => {
    const connection = byKey(headers);
    return closing === undefined ? connection : { ...connection, refusal: shuttingDown };
  };
  const byKey = (headers: HeaderLookup): Connection => {
    const key = headers.get("apikey");
    if (key === undefined || key === "" || key === secretKey || clientTypeOfKey(key) === "service_role") return service;
    // nobody would close one that is opened after the close
    return anon ?? (closing === undefined ? (anon = open("anon", key)) : service);
  };
  const means = {
    ledger: ledger.ledger,
    clock: createClock(),
    newOperationId: createUuidV7(),
    capture,
    timeoutMs: options.operationTimeoutMs ?? TIMEOUT_MS,
    watchers,
    cache,
  };
  const trackedFetch = createTrackedFetch({ ...means, url, transport, connectionOf, joinRetries });
  const guard = createAddressGuard(options.allowedHosts ?? []);
  const sides = openSideClients({
    means,
    homeUrl: url,
    rows,
    connection: { log, encrypt },
    onRegistered: registered,
    ca,
    lookup: guard.lookup,
    closing: () => (closing === undefined ? null : shuttingDown()),
  });

  settleHeld = () => trackedFetch.settleHeld();

  const close = async (): Promise<void> => {
    settleHeld();
    trackedFetch.endWaits();
    for (const connection of [service, anon]) connection?.refuseWaiting(shuttingDown());
    forgetExit();
    // what is still under way ends here, while its outcome can be recorded
    await Promise.all([transport.close(), sides.closeWays()]);
    await setImmediate();
    // the ledger next: its records refer to the client rows as they are in use
    await ledger.close();
    const quiet = heartbeat.close();
    await jobs?.close();
    await Promise.all([service.close(), anon?.close(), sides.closeRows()]);
    // cuts off a last beat that hangs
    await Promise.all([rows.close(), calls.close(), quiet]);
  };
  return {
    fetch: trackedFetch,
    transport,
    cache,
    ledger,
    service,
    jobs,
    watchers,
    keys,
    instance,
    sides,
    guard,
    anon: () => anon,
    close: () => (closing ??= close()),
  };
}

function checkOptions(options: GatewayOptions): string {
  const urlRule = supabaseUrlSchema({ allowHttpLoopback: options.allowHttpLoopback ?? false });
  refuse("url", urlRule.safeParse(options.url));
  refuse("secretKey", supabaseKeySchema.safeParse(options.secretKey));
  if (clientTypeOfKey(options.secretKey) !== "service_role") {
    throw invalid("secretKey", "must be a secret key (sb_secret_…) or a legacy key of role service_role");
  }
  if (options.publishableKey !== undefined) {
    refuse("publishableKey", supabaseKeySchema.safeParse(options.publishableKey));
    if (clientTypeOfKey(options.publishableKey) !== "anon") {
      throw invalid("publishableKey", "must be a publishable key (sb_publishable_…) or a legacy key of role anon");
    }
  }
  checkNumber("operationTimeoutMs", options.operationTimeoutMs, 1, 2_147_483_647);
  checkNumber("captureBytes", options.captureBytes, 0, 65_536);
  checkNumber("maxJournalBytes", options.maxJournalBytes, 1_048_576, Number.MAX_SAFE_INTEGER);
  checkNumber("operationRetentionDays", options.operationRetentionDays, 1, 3650);
  checkNumber("sessionRetentionDays", options.sessionRetentionDays, 0, 3650);
  checkNumber("sessionIdleDays", options.sessionIdleDays, 1, 365);
  const instance = options.instance ?? hostname();
  refuse("instance", instanceSchema.safeParse(instance));
  return instance;
}

/** Beyond `most` a timer would fire at once, or a body would outgrow what a journal line may hold. */
function checkNumber(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw invalid(name, `must be a whole number from ${least} to ${most}`);
}

function redactionOf(entries: readonly string[] | undefined): Redaction {
  try {
    return createRedaction(entries);
  } catch (error) {
    throw invalid("redact", error instanceof Error ? `is wrong: ${error.message.replace(/\.$/, "")}` : "is not valid");
  }
}

function refuse(name: string, result: { success: boolean; error?: { issues: readonly { message: string }[] } }): void {
  if (!result.success) throw invalid(name, result.error?.issues[0]?.message ?? "is not valid");
}

function invalid(name: string, rule: string): WaybillDbError {
  return new WaybillDbError({
    code: "ENVIRONMENT_INVALID",
    message: `Option ${name} ${rule}.`,
    hint: `Correct ${name}.`,
  });
}
