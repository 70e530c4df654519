import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { LocalSupabaseError, messageOf } from "./errors.ts";
import { writeSecretFile } from "./data-dir/secret-file.ts";
import { start, type LocalSupabase, type StartOptions } from "./start.ts";

// `pnpm local`: a local Supabase until Ctrl-C.

const defaultDataDir = join(import.meta.dirname, "../../../.waybill/local");

const command = new Command("local")
  .description("Runs a Supabase on this machine until Ctrl-C: Data API, Auth and Storage over HTTPS.")
  .option("--data-dir <directory>", "where the database and its keys live", defaultDataDir)
  .addOption(new Option("--engine <engine>", "which Postgres").choices(["pglite", "native"]).default("pglite"))
  .option("--port <port>", "port of 127.0.0.1; 0 takes a free one", toPort, 54321)
  .option("--project <directory>", "the supabase/ folder whose migrations and seeds apply")
  .option("--no-seed", "leave the seeds of config.toml out")
  .action((options: StartOptions) => run(options));

try {
  await command.parseAsync();
} catch (error) {
  console.error(error instanceof LocalSupabaseError ? error.message : messageOf(error));
  process.exitCode = 1;
}

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("It is a whole number from 0 to 65535.");
  return port;
}

async function run(options: StartOptions): Promise<void> {
  console.log("Starting a local Supabase; a first start takes some seconds.");
  const asked = Promise.withResolvers<void>();
  process.on("SIGINT", () => asked.resolve());
  process.on("SIGTERM", () => asked.resolve());
  // Whatever fails from here on: a stack that is not stopped keeps this process, too.
  await using stack = await start(options);
  const environmentFile = await writeEnvironment(stack);
  console.log(describe(stack, environmentFile));
  const ended = await Promise.race([stack.ended, asked.promise]);
  await rm(environmentFile, { force: true });
  if (ended) throw ended;
  console.log("\nStopping.");
}

/** What a program needs to use the stack, for `node --env-file`; only its owner may read it. */
async function writeEnvironment(stack: LocalSupabase): Promise<string> {
  const path = join(stack.dataDir, "stack.env");
  const variables = {
    SUPABASE_URL: stack.url,
    SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
    SUPABASE_SECRET_KEY: stack.secretKey,
    SUPABASE_JWT_SECRET: stack.jwtSecret,
    SUPABASE_DB_URL: stack.dbUrl,
    NODE_EXTRA_CA_CERTS: join(stack.dataDir, "ca.pem"),
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"\n`);
  await writeSecretFile(path, lines.join(""));
  return path;
}

function describe(stack: LocalSupabase, environmentFile: string): string {
  const database = new URL(stack.dbUrl);
  database.password = "";
  return [
    "",
    `  URL          ${stack.url}`,
    `  Database     ${database.href}   (password in the file below)`,
    `  Certificate  ${join(stack.dataDir, "ca.pem")}`,
    `  Keys         ${environmentFile}   (readable by you only, while this runs)`,
    "",
    "Ctrl-C stops it; the data stays.",
  ].join("\n");
}
