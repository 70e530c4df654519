import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commentOf, figuresOf, keep, type Kept, keptIn, sectionsOf } from "./kept-results.ts";
import { machine } from "./machine.ts";
import { PACE } from "./paired.ts";
import { isBig, programs } from "./programs.ts";
import { markdown, type Table, verdicts } from "./report.ts";

// `pnpm bench` measures all that takes minutes, `pnpm bench --big` also what takes a quarter of an hour and some gigabytes,
// `pnpm bench ledger` one part. Each writes the whole of docs/benchmarks.md, with the days that its figures are of.
const { positionals, values } = parseArgs({ allowPositionals: true, options: { big: { type: "boolean" } } });
const unknown = positionals.find((name) => !programs.has(name));
if (unknown !== undefined) {
  console.error(`There is no program ${unknown}. Name some of ${[...programs.keys()].join(", ")}, or none for all.`);
  process.exit(2);
}

const isChosen = (name: string): boolean =>
  positionals.length === 0 ? values.big === true || !isBig(name) : positionals.includes(name);
const page = join(import.meta.dirname, "../../docs/benchmarks.md");
const kept = keptIn(await readFile(page, "utf8"));
for (const [name, run] of programs) {
  if (!isChosen(name)) continue;
  console.error(`measuring: ${name}`);
  const [load = 0] = loadavg();
  kept[name] = keep(await run(PACE), load, availableParallelism());
  for (const table of kept[name].tables) console.log(markdown(table));
  // one that fails after it takes nothing away from it
  await writeFile(page, pageOf(kept));
}
console.log(markdown(verdicts(figuresOf(kept))));

function pageOf(kept: Kept): string {
  const where: Table = { title: "Where", rows: [["what", "value"], ...machine()] };
  const head = `# Benchmarks

Written by \`pnpm bench\`; not by hand. Each program says when it ran: \`pnpm bench\` runs those that take minutes,
\`pnpm bench --big\` all, and what did not run keeps its figures and their day.

Each figure is the median of ${PACE.rounds} rounds in which the contenders take turns,
with the least and the greatest beside it; ratios are taken within a round. Contenders run in processes of their own, on
one core where \`taskset\` exists, what they talk to on another. CPU is that of the contender's process an
operation, the flush included, which goes on between its turns; it is the steadier figure: where the machine was busy
with other things, the ratios by CPU decide.
`;
  const sections = sectionsOf(kept, programs.keys()).map(({ table, measured }) => `${markdown(table)}\n${measured}\n`);
  return [head, markdown(verdicts(figuresOf(kept))), ...sections, markdown(where), commentOf(kept)].join("\n");
}
