import type { Waybill } from "@waybill/db";
import { createMetrics, type Metrics } from "./metrics.ts";

/** What can be seen of the server from outside. Nothing is measured before somebody looks. */
export interface Telemetry {
  /** Runs a procedure; `codeOf` tells what its result stands for: `OK`, or an error's code. */
  procedure<Result>(path: string, run: () => Promise<Result>, codeOf: (result: Result) => string): Promise<Result>;
  /** The metrics; the first call begins to count. */
  metrics(): Metrics;
}

export function createTelemetry(waybill: Waybill): Telemetry {
  let metrics: Metrics | undefined;
  return {
    procedure(path, run, codeOf) {
      return metrics === undefined ? run() : measured(metrics, path, run, codeOf);
    },
    metrics: () => (metrics ??= createMetrics(waybill)),
  };
}

async function measured<Result>(
  metrics: Metrics,
  path: string,
  run: () => Promise<Result>,
  codeOf: (result: Result) => string,
): Promise<Result> {
  const started = performance.now();
  const result = await run();
  metrics.procedureEnded(path, codeOf(result), (performance.now() - started) / 1000);
  return result;
}
