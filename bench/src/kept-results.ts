import { z } from "zod";
import { type Key, keySchema } from "./must-reach.ts";
import type { Dated, Results, Table } from "./report.ts";

/**
 * What each program found when it last ran, at the end of the page that shows it: a run of some says nothing new of the
 * others, and drops nothing of them either.
 */
const spreadSchema = z.object({ min: z.number(), median: z.number(), max: z.number() });
const keptSchema = z.record(
  z.string(),
  z.object({
    day: z.iso.date(),
    /** Of the machine when the program began, for so many cores. */
    load: z.number(),
    cores: z.int(),
    tables: z.array(z.object({ title: z.string(), rows: z.array(z.array(z.string())) })),
    figures: z.array(z.tuple([keySchema, spreadSchema])),
  }),
);
export type Kept = z.output<typeof keptSchema>;

const begin = "<!-- What the next run keeps of this one:\n";
const end = "\n-->\n";

/** What stands at the end of a page; of one without it, nothing. */
export function keptIn(page: string): Kept {
  const from = page.indexOf(begin);
  if (from === -1) return {};
  return keptSchema.parse(JSON.parse(page.slice(from + begin.length, page.indexOf(end, from))));
}

/** To be put at the end of the page; no text in it can end the comment. */
export function commentOf(kept: Kept): string {
  return `${begin}${JSON.stringify(kept).replaceAll(">", "\\u003e")}${end}`;
}

/** What was found today, as it is kept. */
export function keep({ tables, figures }: Results, load: number, cores: number): Kept[string] {
  return {
    day: new Date().toISOString().slice(0, 10),
    load,
    cores,
    tables: tables.map(({ title, rows }) => ({ title, rows: rows.map((row) => [...row]) })),
    figures: [...figures],
  };
}

export function figuresOf(kept: Kept): Map<Key, Dated> {
  return new Map(
    Object.values(kept).flatMap(({ day, figures }) => figures.map(([key, spread]) => [key, { spread, day }] as const)),
  );
}

/** The tables in the order of the programs, and with each when it was measured and on how busy a machine. */
export function sectionsOf(kept: Kept, order: Iterable<string>): readonly { table: Table; measured: string }[] {
  return [...order].flatMap((name) => {
    const found = kept[name];
    if (found === undefined) return [];
    const busy = found.load > found.cores ? ": busy, so throughput and latency say little" : "";
    const measured = `Measured on ${found.day}; the load average was ${found.load.toFixed(1)} on ${found.cores} cores when it began${busy}.`;
    return found.tables.map((table) => ({ table, measured }));
  });
}
