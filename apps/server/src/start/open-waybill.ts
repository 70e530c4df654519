import { createWaybill, type RecordSink, type Waybill } from "@waybill/db";
import type { Logger } from "pino";
import type { ServerEnv } from "../env.ts";
import { packageLog } from "../log.ts";
import type { SupabaseAccess } from "./supabase-access.ts";

/** Waybill as the settings say. `suffix` gives a command beside the server a name and a journal of its own. */
export function openWaybill(
  env: ServerEnv,
  access: SupabaseAccess,
  logger: Logger,
  { suffix = "", sink }: { readonly suffix?: string; readonly sink?: RecordSink | undefined } = {},
): Waybill {
  return createWaybill({
    url: access.url,
    publishableKey: access.publishableKey,
    secretKey: access.secretKey,
    ca: access.ca,
    journalDir: `${env.journalDir}${suffix}`,
    instance: `${env.instance}${suffix}`,
    operationTimeoutMs: env.operationTimeoutMs,
    captureBytes: env.captureBytes,
    redact: env.redact,
    // the jobs are the server's: a command ends too soon for them
    operationRetentionDays: suffix === "" ? env.operationRetentionDays : undefined,
    sessionRetentionDays: env.sessionRetentionDays,
    sessionIdleDays: env.sessionIdleDays,
    maxJournalBytes: env.maxJournalBytes,
    journalFsync: env.journalFsync,
    // PGlite never calls fsync
    databaseCommitsLater: env.supabase.kind === "embedded" && env.supabase.engine === "pglite",
    whenLedgerFull: env.whenLedgerFull,
    cache: env.cache,
    encryptionKeys: access.encryptionKeys,
    allowHttpLoopback: env.allowHttpLoopback,
    allowedHosts: env.allowedHosts,
    log: packageLog(logger),
    sink,
  });
}
