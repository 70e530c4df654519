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

/** `onResult` hears of each step as it ends. */
export function openReport(onResult: (result: StepResult) => void = () => {}): Report {
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
        const value = await within(
          deadlineMs,
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

async function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`the step did not end within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
