import { Command, InvalidArgumentError, Option } from "commander";
import { readDatasets } from "../data/datasets.ts";
import { killRounds } from "./kill-rounds.ts";

const { rounds, engine, seed } = new Command("kill-import")
  .description("kill -9 of the server in the middle of the import: afterwards every request has its record, once.")
  .option("--rounds <count>", "how many kills", asCount, 20)
  .addOption(new Option("--engine <name>", "the embedded Supabase's").choices(["pglite", "native"]).default("pglite"))
  .option("--seed <text>", "repeats the moments of an earlier run", Date.now().toString(36))
  .parse()
  .opts<{ rounds: number; engine: "pglite" | "native"; seed: string }>();

process.stdout.write(`seed ${seed}\n`);
try {
  await killRounds({
    datasets: await readDatasets(),
    rounds,
    engine,
    size: 20,
    seed,
    say: (line) => process.stdout.write(`${line}\n`),
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nRepeat it with --seed ${seed}.\n`);
  process.exitCode = 1;
}

function asCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1 to 999.");
}
