import { setTimeout as sleep } from "node:timers/promises";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import type { RecordSink } from "@waybill/db";
import type { Logger } from "pino";
import { logRecordOf } from "./log-record.ts";
import { PatientExporter } from "./patient-exporter.ts";

export interface RecordLogsOptions {
  /** The collector's address for logs, such as `http://127.0.0.1:4318/v1/logs`. */
  readonly url: string;
  readonly instance: string;
  readonly logger: Logger;
  /** Bytes of records in memory, waiting or on their way; beyond it new ones are dropped (default 16 MiB). */
  readonly maxBytes?: number;
  /** Between attempts, with full jitter (default 0.5 s, doubling to 15 s). */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
  /** For one batch to fill (default 1 s). */
  readonly lingerMs?: number;
  /** How long the end waits for the collector (default 2 s). */
  readonly closeMs?: number;
}

export interface RecordLogsHealth {
  readonly exported: number;
  readonly dropped: number;
  readonly waiting: number;
}

/** The ledger's second sink: every record, as a log, to an OpenTelemetry collector. */
export interface RecordLogs extends AsyncDisposable {
  readonly sink: RecordSink;
  health(): RecordLogsHealth;
}

const MIB = 1024 * 1024;
const NEVER_MS = 2 ** 31 - 1;

/** Sends nothing before the first record. Standard variables such as `OTEL_EXPORTER_OTLP_HEADERS` count as well. */
export function openRecordLogs(options: RecordLogsOptions): RecordLogs {
  const { url, instance, logger, maxBytes = 16 * MIB } = options;
  const { host } = new URL(url);
  let bytes = 0;
  let waiting = 0;
  let exported = 0;
  let dropped = 0;
  let failures = 0;

  const drop = (records: number, reason: string): void => {
    const before = dropped;
    dropped += records;
    // 1, 2, 4, 8 …: as loud at first as it is rare later
    if (Math.clz32(before) === Math.clz32(dropped)) return;
    logger.error({ collector: host, dropped, reason }, "records were not exported; they are in the database");
  };
  const exporter = new PatientExporter({
    exporter: new OTLPLogExporter({ url, concurrencyLimit: 2 }),
    firstPauseMs: options.firstPauseMs ?? 500,
    longestPauseMs: options.longestPauseMs ?? 15_000,
    ended(records, reason) {
      waiting -= records.length;
      bytes -= records.reduce((sum, record) => sum + bytesOf(record), 0);
      if (reason !== undefined) return drop(records.length, reason);
      exported += records.length;
      if (failures > 0) logger.info({ collector: host, failures }, "the collector takes records again");
      failures = 0;
    },
    failed(reason) {
      failures += 1;
      if (Math.clz32(failures - 1) === Math.clz32(failures)) return;
      logger.warn({ collector: host, failures, reason }, "the collector takes no records; tried again");
    },
  });
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ "service.name": "waybill", "service.instance.id": instance }),
    processors: [
      new BatchLogRecordProcessor({
        exporter,
        scheduledDelayMillis: options.lingerMs ?? 1000,
        // both limits are kept here and by the exporter: the processor would drop without a word
        maxQueueSize: Number.MAX_SAFE_INTEGER,
        exportTimeoutMillis: NEVER_MS,
      }),
    ],
  });
  const log = provider.getLogger("waybill");

  return {
    sink(records) {
      for (const record of records) {
        if (bytes + record.length > maxBytes) {
          drop(1, `${maxBytes} bytes of records wait for the collector already`);
          continue;
        }
        const logRecord = logRecordOf(record.toString("utf8"));
        if (logRecord === undefined) continue;
        waiting += 1;
        bytes += logRecord.body.length;
        log.emit(logRecord);
      }
    },
    health: () => ({ exported, dropped, waiting }),
    async [Symbol.asyncDispose]() {
      // a last attempt for each batch, for as long as there is time
      const last = provider.forceFlush().catch(() => {});
      await Promise.race([last, sleep(options.closeMs ?? 2000, undefined, { ref: false })]);
      exporter.giveUp();
      await Promise.race([provider.shutdown().catch(() => {}), sleep(100, undefined, { ref: false })]);
      if (waiting > 0) drop(waiting, "the server ended before the collector took them");
    },
  };
}

function bytesOf({ body }: ReadableLogRecord): number {
  return typeof body === "string" ? body.length : 0;
}
