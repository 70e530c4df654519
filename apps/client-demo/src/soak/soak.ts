import { Command, InvalidArgumentError, Option } from "commander";
import { readDatasets } from "../data/datasets.ts";
import { runSoak } from "./run-soak.ts";

const { minutes, engine } = new Command("soak")
  .description("Serves callers for half an hour: memory stays flat, no handle leaks, and every call has its record.")
  .option("--minutes <count>", "how long", asMinutes, 30)
  .addOption(new Option("--engine <name>", "the embedded Supabase's").choices(["pglite", "native"]).default("pglite"))
  .parse()
  .opts<{ minutes: number; engine: "pglite" | "native" }>();

try {
  const { airports } = await readDatasets();
  await runSoak({ airports, minutes, engine, say: (line) => process.stdout.write(`${line}\n`) });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function asMinutes(text: string): number {
  const count = Number(text);
  if (/^\d{1,3}(\.\d)?$/.test(text) && count > 0 && count <= 60) return count;
  throw new InvalidArgumentError("It must be a number of minutes up to 60.");
}
