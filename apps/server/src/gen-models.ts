import { rename, rm, writeFile } from "node:fs/promises";
import { Command } from "commander";
import { readEnv } from "./env.ts";
import { activeModels } from "./features/models/active-models.ts";
import { modelInForce } from "./features/models/migrations/in-force.ts";
import { modelSource } from "./features/models/model-source.ts";
import { createLogger } from "./log.ts";
import { openWaybill } from "./start/open-waybill.ts";
import { sentenceOf } from "./start/sentence.ts";
import { joinSupabase } from "./start/supabase-access.ts";

const program = new Command("gen:models")
  .description("Writes the active models of a project as TypeScript, for programs that are typed by them.")
  .argument("<file>", "where to, such as src/models.ts")
  .action(write);

try {
  await program.parseAsync();
} catch (error) {
  const sentence = sentenceOf(error);
  if (sentence === null) throw error;
  console.error(sentence);
  process.exitCode = 1;
}

async function write(file: string): Promise<void> {
  const env = readEnv();
  await using access = await joinSupabase(env);
  // a journal and a name of its own: the server beside it keeps its
  await using waybill = openWaybill(env, access, createLogger("error"), { suffix: "-models" });
  const declared = await activeModels(waybill.models);
  const models = await Promise.all(declared.map((model) => modelInForce(waybill.models, model)));
  // whole or not at all
  const next = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(next, modelSource(models));
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    program.error(`${file} cannot be written (${reason}). Name a file in a folder that exists.`);
  }
  console.log(`${models.length} models are in ${file}`);
}
