import type { Waybill } from "@waybill/db";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { RecordLogs } from "./record-logs/record-logs.ts";
import { openTracing, type TraceHeaders } from "./tracing.ts";

/** A procedure's call, as it is seen from outside. */
interface Seen<Result> {
  readonly path: string;
  readonly traceHeaders: TraceHeaders;
  readonly run: () => Promise<Result>;
  /** What the result stands for: `OK`, or an error's code. */
  readonly codeOf: (result: Result) => string;
}

/** What can be seen of the server from outside. Nothing is measured before somebody looks. */
export interface Telemetry {
  procedure<Result>(seen: Seen<Result>): Promise<Result>;
  /** The metrics; the first call begins to count. */
  metrics(): Metrics;
}

/** @param supabaseUrl the project's URL, for the traces */
export function createTelemetry(waybill: Waybill, supabaseUrl: string, recordLogs?: RecordLogs): Telemetry {
  const tracing = openTracing(waybill, supabaseUrl);
  let metrics: Metrics | undefined;
  const measured = async <Result>({ path, run, codeOf }: Seen<Result>): Promise<Result> => {
    if (metrics === undefined) return run();
    const started = performance.now();
    const result = await run();
    metrics.procedureEnded(path, codeOf(result), (performance.now() - started) / 1000);
    return result;
  };
  return {
    procedure(seen) {
      if (tracing !== undefined) {
        return tracing.procedure(seen.path, seen.traceHeaders, () => measured(seen), seen.codeOf);
      }
      return metrics === undefined ? seen.run() : measured(seen);
    },
    metrics: () => (metrics ??= createMetrics(waybill, recordLogs)),
  };
}
