/** One step of a scenario, as it ended. */
export interface StepResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly ms: number;
  /** What it found; for a failed step what went wrong and what to do, for a skipped one the reason. */
  readonly note: string;
}

const marks = { passed: "✔", failed: "✘", skipped: "–" } as const;

/** The steps as lines: mark, name, seconds, note; the last line counts them and adds up the time. */
export function stepTable(steps: readonly StepResult[]): string {
  const width = Math.max(...steps.map(({ name }) => name.length), 0);
  const lines = steps.map((step) => {
    const [first = "", ...more] = step.note.split("\n");
    const head = `${marks[step.outcome]} ${step.name.padEnd(width)} ${seconds(step.ms)}  ${first}`.trimEnd();
    return [head, ...more.map((line) => `  ${" ".repeat(width)} ${" ".repeat(8)}  ${line}`)].join("\n");
  });
  return [...lines, total(steps)].join("\n");
}

function total(steps: readonly StepResult[]): string {
  const counted = (["passed", "failed", "skipped"] as const)
    .map((outcome) => [steps.filter((step) => step.outcome === outcome).length, outcome] as const)
    .filter(([count]) => count > 0)
    .map(([count, outcome]) => `${count} ${outcome}`);
  const ms = steps.reduce((sum, step) => sum + step.ms, 0);
  return `${counted.join(", ") || "no steps"} in ${seconds(ms).trim()}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(8);
}
