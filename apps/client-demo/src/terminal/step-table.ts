/** One step of a scenario, as it ended. */
export interface StepResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly ms: number;
  /** What it found; for a failed step what went wrong and what to do, for a skipped one the reason. */
  readonly note: string;
}

const marks = { passed: "✔", failed: "✘", skipped: "–" } as const;

/** A note in a narrower column would be a tower of words. */
const narrowest = 24;

/**
 * The steps as lines: mark, name, seconds, note; the last line counts them and adds up the time. Notes are wrapped to
 * `columns`, the terminal's width, where they stay legible; without it, as in a log, they are as long as they are.
 */
export function stepTable(steps: readonly StepResult[], columns = Infinity): string {
  const width = Math.max(...steps.map(({ name }) => name.length), 0);
  const indent = " ".repeat(2 + width + 1 + 8 + 2);
  const room = columns - indent.length;
  const lines = steps.map((step) => {
    const note = step.note.split("\n").flatMap((line) => (room < narrowest ? [line] : wrapped(line, room)));
    const [first = "", ...more] = note;
    const head = `${marks[step.outcome]} ${step.name.padEnd(width)} ${seconds(step.ms)}  ${first}`.trimEnd();
    return [head, ...more.map((line) => `${indent}${line}`)].join("\n");
  });
  return [...lines, total(steps)].join("\n");
}

/** Breaks a line between words; a word that is longer than the room stays whole. */
function wrapped(line: string, room: number): string[] {
  const lines: string[] = [];
  let last = "";
  for (const word of line.split(" ")) {
    const longer = last === "" ? word : `${last} ${word}`;
    if (last !== "" && longer.length > room) {
      lines.push(last);
      last = word;
    } else last = longer;
  }
  return [...lines, last];
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
