import { readEnv } from "./env.ts";
import { createLogger } from "./log.ts";
import { sentenceOf } from "./start/sentence.ts";
import { startServer } from "./start/start-server.ts";

/** One Ctrl-C may arrive twice: from the terminal, and from the parent that passes it on. */
const sameWishMs = 1000;

try {
  await main();
} catch (error) {
  const sentence = sentenceOf(error);
  if (sentence === null) throw error;
  console.error(sentence);
  process.exit(1);
}

async function main(): Promise<void> {
  const env = readEnv();
  const logger = createLogger(env.logLevel);
  for (const warning of env.warnings) logger.warn(warning);
  process.on("uncaughtException", (err, origin) => {
    logger.fatal({ err, origin }, "an error that nobody caught ended the server");
    process.exit(1);
  });

  const starting = startServer(env, logger);
  let wishedAt: number | undefined;
  const stop = async (reason: string): Promise<void> => {
    if (wishedAt !== undefined) {
      if (performance.now() - wishedAt < sameWishMs) return;
      logger.warn({ reason }, "stopping at once");
      process.exit(1);
    }
    wishedAt = performance.now();
    const server = await starting;
    await server[Symbol.asyncDispose]();
    logger.info({ reason }, "stopped");
    process.exit(0);
  };
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGHUP", () => void stop("the terminal was closed"));
  // Forked by another program: it must not leave an orphan behind, however it ended.
  process.on("disconnect", () => void stop("the parent process is gone"));

  const server = await starting;
  logger.info({ url: server.url }, "serving");
  process.send?.({ kind: "ready", url: server.url, dataDir: env.dataDir });
  const reason = await server.lost;
  if (wishedAt !== undefined) return;
  logger.fatal(
    { reason },
    "the embedded Supabase is gone; what was not yet recorded waits in the journal: start again",
  );
  await server[Symbol.asyncDispose]();
  process.exit(1);
}
