import type { Waybill } from "@waybill/db";
import type { RecordLogs } from "./record-logs/record-logs.ts";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What has happened since the first scrape, and how things stand at each. */
export interface Metrics {
  readonly contentType: string;
  /** All of it in Prometheus' text format. */
  read(): Promise<string>;
  /** @param code `OK`, or the error's of the contracts */
  procedureEnded(procedure: string, code: string, seconds: number): void;
}

const operationBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const procedureBuckets = [0.001, ...operationBuckets];

/**
 * Begins to count. Labels are of closed lists only (types, states, procedures, error codes): never a user, a table or a
 * request, each of which would make a series of its own.
 */
export function createMetrics(waybill: Waybill, recordLogs?: RecordLogs): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const operations = new Counter({
    name: "waybill_operations_total",
    help: "Database operations that ended, by type, status and client type",
    labelNames: ["operation_type", "status", "client_type"],
    registers,
  });
  const durations = new Histogram({
    name: "waybill_operation_duration_seconds",
    help: "From the call to the last byte",
    labelNames: ["operation_type", "client_type"],
    buckets: operationBuckets,
    registers,
  });
  const cached = new Counter({
    name: "waybill_operations_cached_total",
    help: "Reads that were answered from memory; they count in no other series of operations",
    labelNames: ["client_type"],
    registers,
  });
  const repeats = new Counter({
    name: "waybill_operation_retries_total",
    help: "Requests sent beyond an operation's first",
    labelNames: ["operation_type", "client_type"],
    registers,
  });
  const procedures = new Histogram({
    name: "waybill_procedure_duration_seconds",
    help: "Procedures that ended, by name and code (OK or an error's)",
    labelNames: ["procedure", "code"],
    buckets: procedureBuckets,
    registers,
  });
  const readState = stateOf(waybill, registers);
  const readExport = recordLogs === undefined ? undefined : exportOf(recordLogs, registers);

  waybill.watch({
    begun({ operation_type, client_id }) {
      const client_type = client_id.endsWith("/anon") ? "anon" : "service_role";
      return ({ status, execution_time_ms, attempts }) => {
        if (status === "success" && attempts === 0) return cached.inc({ client_type });
        operations.inc({ operation_type, status, client_type });
        durations.observe({ operation_type, client_type }, execution_time_ms / 1000);
        if (attempts > 1) repeats.inc({ operation_type, client_type }, attempts - 1);
      };
    },
  });

  return {
    contentType: registry.contentType,
    read() {
      readState();
      readExport?.();
      return registry.metrics();
    },
    procedureEnded: (procedure, code, seconds) => procedures.observe({ procedure, code }, seconds),
  };
}

/** What is looked up when it is asked for: ledger, connections and the process. */
function stateOf(waybill: Waybill, registers: Registry[]): () => void {
  const gauge = (name: string, help: string) => new Gauge({ name: `waybill_${name}`, help, registers });
  const total = totalIn(registers);
  const ofClient = (name: string, help: string) =>
    new Gauge({ name: `waybill_connection_${name}`, help, labelNames: ["client_type"], registers });

  const ready = gauge("ready", "1 while calls can be served");
  const pending = gauge("ledger_pending_records", "Records in the journal that are not in the database yet");
  const open = gauge("ledger_open_operations", "Operations under way");
  const bytes = gauge("ledger_journal_bytes", "Bytes of the journals on disk");
  const adopted = gauge("ledger_adopted_journals", "Journals of dead processes that are being flushed");
  const full = gauge("ledger_full", "1 while the journal cannot grow");
  const failing = gauge("ledger_flush_failing", "1 while the last batch did not reach the database");
  const flushed = gauge(
    "ledger_last_flush_timestamp_seconds",
    "When the database last took a batch; 0 before the first",
  );
  const refused = total("waybill_ledger_refused", "Operations refused because they could not be recorded");
  const shed = total("waybill_ledger_shed", "Operations that went on without a record");
  const cascaded = total("waybill_ledger_cascaded", "Records left out because their client was removed");
  const rejected = total("waybill_ledger_rejected", "Records that the database refused for good");
  const dropped = total("waybill_ledger_bodies_dropped", "Records stored without a body that the database refused");
  const damaged = total("waybill_ledger_damaged", "Damaged stretches found in journals");
  const unknown = total("waybill_ledger_outcome_unknown", "Operations settled for dead processes");
  const active = ofClient("active", "1 while the client is in use");
  const errors = ofClient("error_count", "Consecutive errors, at most 10");
  const retries = ofClient("retry_count", "Retries since the last success, at most 5");
  const memory = new Gauge({ name: "process_resident_memory_bytes", help: "Resident memory", registers });
  const cpu = total("process_cpu_seconds", "CPU time, user and system");

  return () => {
    const { ledger, ...clients } = waybill.health();
    ready.set(Number(waybill.ready()));
    pending.set(ledger.pending);
    open.set(ledger.open);
    bytes.set(ledger.journaledBytes);
    adopted.set(ledger.adopted);
    full.set(Number(ledger.full !== null));
    failing.set(Number(ledger.lastError !== null));
    flushed.set(ledger.lastFlushAt === null ? 0 : Date.parse(ledger.lastFlushAt) / 1000);
    refused(ledger.refused);
    shed(ledger.shed);
    cascaded(ledger.cascaded);
    rejected(ledger.rejected);
    dropped(ledger.bodiesDropped);
    damaged(ledger.damaged);
    unknown(ledger.outcomeUnknown);
    for (const client_type of ["service_role", "anon"] as const) {
      const { is_active, error_count, retry_count } = clients[client_type];
      active.set({ client_type }, Number(is_active));
      errors.set({ client_type }, error_count);
      retries.set({ client_type }, retry_count);
    }
    const { user, system } = process.cpuUsage();
    memory.set(process.memoryUsage.rss());
    cpu((user + system) / 1e6);
  };
}

/** The export of records to a collector. */
function exportOf(recordLogs: RecordLogs, registers: Registry[]): () => void {
  const total = totalIn(registers);
  const exported = total("waybill_records_exported", "Records that the collector took");
  const dropped = total(
    "waybill_records_export_dropped",
    "Records that the collector did not take; the database has them",
  );
  const waiting = new Gauge({ name: "waybill_records_export_waiting", help: "Records on their way", registers });
  return () => {
    const health = recordLogs.health();
    exported(health.exported);
    dropped(health.dropped);
    waiting.set(health.waiting);
  };
}

/** Makes counters of what is counted elsewhere. */
function totalIn(registers: Registry[]) {
  return (name: string, help: string) => {
    const counter = new Counter({ name: `${name}_total`, help, registers });
    return (value: number): void => {
      counter.reset();
      counter.inc(value);
    };
  };
}
