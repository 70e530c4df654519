import type { StepResult } from "../terminal/step-table.ts";

/** What the steps of a scenario came to. */
export interface Report {
  readonly results: readonly StepResult[];
  /**
   * Runs one step and gives its value to the next ones. `note` is shown beside its time.
   * A step that throws, or takes longer than `deadlineMs` (default 60,000), ends the scenario by throwing on.
   */
  step<Value>(
    name: string,
    work: (note: (text: string) => void) => Promise<Value>,
    deadlineMs?: number,
  ): Promise<Value>;
  /** A step that cannot be done here, and why. */
  skip(name: string, reason: string): void;
}

export interface ReportOptions {
  /** Hears of each step as it ends. */
  readonly onResult?: (result: StepResult) => void;
  /** Ends the step under way, e.g. on Ctrl-C, so that what it opened is closed again. */
  readonly signal?: AbortSignal;
}

export function openReport({ onResult = () => {}, signal }: ReportOptions = {}): Report {
  const results: StepResult[] = [];
  const add = (result: StepResult): void => {
    results.push(result);
    onResult(result);
  };
  return {
    results,
    async step(name, work, deadlineMs = 60_000) {
      const started = performance.now();
      let note = "";
      const end = (outcome: StepResult["outcome"]): void =>
        add({ name, outcome, ms: performance.now() - started, note });
      try {
        if (signal?.aborted) throw new Error(interrupted);
        const value = await within(
          { deadlineMs, signal },
          work((text) => {
            note = text;
          }),
        );
        end("passed");
        return value;
      } catch (error) {
        note = error instanceof Error ? error.message : String(error);
        end("failed");
        throw error;
      }
    },
    skip: (name, reason) => add({ name, outcome: "skipped", ms: 0, note: reason }),
  };
}

const interrupted = "interrupted";

interface Limits {
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

async function within<Value>({ deadlineMs, signal }: Limits, work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`the step did not end within ${deadlineMs / 1000} s`)), deadlineMs);
  const stop = (): void => reject(new Error(interrupted));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
