import { isMet, type Key, mustReach } from "./must-reach.ts";
import type { Spread } from "./paired.ts";

/** A table of the report; the first row is its head. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** What a program measured: tables for the reader, and figures for the promises. */
export interface Results {
  readonly tables: readonly Table[];
  readonly figures: ReadonlyMap<Key, Spread>;
}

export function showSpread({ min, median, max }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

/** A figure and the day that it is of, as in 2026-11-25. */
export interface Dated {
  readonly spread: Spread;
  readonly day: string;
}

/** The promises, each met, not met or not measured. The median decides. */
export function verdicts(figures: ReadonlyMap<Key, Dated>): Table {
  const rows = mustReach.map(({ what, key, bound, unit }) => {
    const limit = "atLeast" in bound ? `≥ ${bound.atLeast}${unit}` : `≤ ${bound.atMost}${unit}`;
    const found = figures.get(key);
    if (found === undefined) return [what, limit, "", "not measured", ""];
    const digits = unit === "×" ? 2 : 0;
    return [
      what,
      limit,
      showSpread(found.spread, digits),
      isMet(bound, found.spread.median) ? "met" : "**not met**",
      found.day,
    ];
  });
  return { title: "Must reach", rows: [["what", "bound", "median (min–max)", "verdict", "measured"], ...rows] };
}

/** A table in Markdown, its columns padded as the formatter does. */
export function markdown({ title, rows }: Table): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [`## ${title}`, "", line(head), rule, ...body.map(line), ""].join("\n");
}
