import { type HrTime, ROOT_CONTEXT } from "@opentelemetry/api";
import { type LogRecord, SeverityNumber } from "@opentelemetry/api-logs";
import { z } from "zod";
import { errorTypeOf } from "../error-type.ts";

/** What of a record becomes an attribute. The record itself is the body. */
const recordSchema = z.object({
  operation_id: z.string(),
  client_id: z.string(),
  operation_type: z.string(),
  table_name: z.string(),
  created_at: z.string(),
  user_id: z.string().nullable(),
  request_id: z.string().nullable(),
  session_id: z.string().nullable(),
  model_id: z.string().nullable(),
  schema_version: z.string().nullable(),
  status: z.enum(["pending", "success", "error", "timeout"]),
  attempts: z.number(),
  completed_at: z.string().optional(),
  execution_time_ms: z.number().optional(),
  error_message: z.string().nullish(),
});

/**
 * A record as an OpenTelemetry log: its JSON text is the body, whole; the attributes are what a collector is asked by, named
 * by the semantic conventions for databases where those have a name. Undefined for one that has no outcome yet.
 */
export function logRecordOf(text: string): (LogRecord & { readonly body: string }) | undefined {
  const record = recordSchema.parse(JSON.parse(text));
  const { status, completed_at, error_message = null } = record;
  if (completed_at === undefined) return undefined;
  const isSuccess = status === "success";
  return {
    eventName: "waybill.operation",
    timestamp: hrTimeOf(completed_at),
    severityNumber: isSuccess ? SeverityNumber.INFO : SeverityNumber.ERROR,
    severityText: isSuccess ? "INFO" : "ERROR",
    body: text,
    // of no trace of this process: it is written long after the call
    context: ROOT_CONTEXT,
    attributes: {
      "db.system.name": "postgresql",
      "db.operation.name": record.operation_type,
      "db.collection.name": record.table_name,
      ...(isSuccess ? {} : { "error.type": errorTypeOf({ status, error_message }) }),
      "waybill.operation_id": record.operation_id,
      "waybill.client_id": record.client_id,
      "waybill.status": status,
      "waybill.attempts": record.attempts,
      ...(record.execution_time_ms === undefined ? {} : { "waybill.execution_time_ms": record.execution_time_ms }),
      ...named("waybill.request_id", record.request_id),
      ...named("user.id", record.user_id),
      ...named("session.id", record.session_id),
      ...named("waybill.model_id", record.model_id),
      ...named("waybill.schema_version", record.schema_version),
    },
  };
}

function named(name: string, value: string | null): Record<string, string> {
  return value === null ? {} : { [name]: value };
}

/** `2026-11-25T10:00:00.123456Z` with its microseconds, which a Date would cut off. */
function hrTimeOf(time: string): HrTime {
  const micros = /\.(\d{1,6})/.exec(time)?.[1]?.padEnd(6, "0") ?? "0";
  return [Math.floor(Date.parse(time) / 1000), Number(micros) * 1000];
}
