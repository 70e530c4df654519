import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPExporterError } from "@opentelemetry/otlp-exporter-base";
import type { LogRecordExporter, ReadableLogRecord } from "@opentelemetry/sdk-logs";

export interface PatientExporterOptions {
  readonly exporter: LogRecordExporter;
  /** A batch is out of memory: the collector has it, or it was dropped for the reason given. */
  readonly ended: (records: readonly ReadableLogRecord[], dropped: string | undefined) => void;
  /** An attempt failed, and the batch waits for the next one. */
  readonly failed: (reason: string) => void;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/**
 * Sends a batch until the collector takes it or refuses it for good. The exporter beneath gives up after some seconds, and
 * an outage lasts longer than that; what waits meanwhile is bounded by who emits it.
 */
export class PatientExporter implements LogRecordExporter {
  readonly #options: PatientExporterOptions;
  readonly #waiting = new Set<() => void>();
  #isClosing = false;

  constructor(options: PatientExporterOptions) {
    this.#options = options;
  }

  export(records: ReadableLogRecord[], done: (result: ExportResult) => void): void {
    this.#try(records, done, 0);
  }

  forceFlush(): Promise<void> {
    return this.#options.exporter.forceFlush();
  }

  /** From now on what fails is dropped, at once. */
  giveUp(): void {
    this.#isClosing = true;
    for (const end of this.#waiting) end();
  }

  shutdown(): Promise<void> {
    this.giveUp();
    return this.#options.exporter.shutdown();
  }

  #try(records: ReadableLogRecord[], done: (result: ExportResult) => void, attempt: number): void {
    const { exporter, ended, failed } = this.#options;
    exporter.export(records, ({ code, error }) => {
      const reason = code === ExportResultCode.SUCCESS ? undefined : (error?.message ?? "no reason given");
      if (reason === undefined || this.#isClosing || isRefusal(error)) {
        ended(records, reason);
        // the batch is accounted for, and the SDK has nothing to add to that
        return done({ code: ExportResultCode.SUCCESS });
      }
      failed(reason);
      this.#later(() => this.#try(records, done, attempt + 1), attempt);
    });
  }

  #later(work: () => void, attempt: number): void {
    const { firstPauseMs, longestPauseMs } = this.#options;
    const pause = Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 20));
    const now = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(now);
      work();
    };
    const timer = setTimeout(now, pause).unref();
    this.#waiting.add(now);
  }
}

/** What a second attempt meets in the same way: an answer 4xx, but for "too slow" and "too many". */
function isRefusal(error: Error | undefined): boolean {
  const status = error instanceof OTLPExporterError ? (error.code ?? 0) : 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
