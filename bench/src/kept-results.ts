import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Key, keySchema } from "./must-reach.ts";
import type { Dated, Results, Table } from "./report.ts";

/**
 * What each program found when it last ran, beside the programs: the page shows all of it, so that a run of some says
 * nothing new of the others, and drops nothing of them either.
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

const file = join(import.meta.dirname, "../results.json");

export async function readKept(): Promise<Kept> {
  return keptSchema.parse(JSON.parse(await readFile(file, "utf8")));
}

export async function writeKept(kept: Kept): Promise<void> {
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`);
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
