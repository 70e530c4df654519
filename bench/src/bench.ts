import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine } from "./machine.ts";
import type { Key } from "./must-reach.ts";
import { PACE, type Spread } from "./paired.ts";
import { programs } from "./programs.ts";
import { markdown, type Table, verdicts } from "./report.ts";

// `pnpm bench` measures all and writes docs/benchmarks.md; `node src/bench.ts calls` measures one part and only prints.
const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.find((name) => !programs.has(name));
if (unknown !== undefined) {
  console.error(`There is no program ${unknown}. Name some of ${[...programs.keys()].join(", ")}, or none for all.`);
  process.exit(2);
}

const [load = 0] = loadavg();
const where: Table = { title: "Where", rows: [["what", "value"], ...machine()] };
const chosen = [...programs].filter(([name]) => positionals.length === 0 || positionals.includes(name));
const tables: Table[] = [];
const figures = new Map<Key, Spread>();
for (const [name, run] of chosen) {
  console.error(`measuring: ${name}`);
  const results = await run(PACE);
  tables.push(...results.tables);
  for (const [key, found] of results.figures) figures.set(key, found);
  for (const table of results.tables) console.log(markdown(table));
}
const verdict = verdicts(figures);
console.log(markdown(verdict));

if (positionals.length === 0) {
  const day = new Date().toISOString().slice(0, 10);
  const head = `# Benchmarks

Written by \`pnpm bench\` on ${day}; not by hand. Each figure is the median of ${PACE.rounds} rounds in which the contenders take turns,
with the least and the greatest beside it; ratios are taken within a round. Contenders run in processes of their own, on
one core where \`taskset\` exists, what they talk to on another. CPU is that of the contender's process an
operation, the flush included, which goes on between its turns; it is the steadier figure: where the machine was busy
with other things, the ratios by CPU decide.

The load average was ${load.toFixed(1)} on ${availableParallelism()} cores when it began${load > availableParallelism() ? ": busy, so throughput and latency say little" : ""}.
`;
  const page = [head, ...[verdict, ...tables, where].map(markdown)].join("\n");
  await writeFile(join(import.meta.dirname, "../../docs/benchmarks.md"), page);
}
