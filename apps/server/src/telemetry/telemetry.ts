import type { Waybill } from "@waybill/db";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { RecordLogs } from "./record-logs/record-logs.ts";
import type { Seen } from "./seen.ts";
import { openTracing } from "./tracing.ts";

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
  const measured = async <Result>({ path, run, codeOf, codeOfFailure }: Seen<Result>): Promise<Result> => {
    if (metrics === undefined) return run();
    const started = performance.now();
    const ended = (code: string) => metrics?.procedureEnded(path, code, (performance.now() - started) / 1000);
    try {
      const result = await run();
      ended(codeOf(result));
      return result;
    } catch (error) {
      ended(codeOfFailure(error));
      throw error;
    }
  };
  return {
    procedure(seen) {
      if (tracing !== undefined) {
        return tracing.procedure({ ...seen, run: () => measured(seen) });
      }
      return metrics === undefined ? seen.run() : measured(seen);
    },
    metrics: () => (metrics ??= createMetrics(waybill, recordLogs)),
  };
}
