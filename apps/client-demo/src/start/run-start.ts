import { setTimeout as wait } from "node:timers/promises";
import type { Datasets } from "../data/datasets.ts";
import type { StartSettings } from "../env.ts";
import { ServerEndedError, type ServerProcess, startServer } from "../stack/server-process.ts";
import { loadDemo } from "./load-demo.ts";
import { welcome } from "./welcome.ts";

export interface StartOptions {
  readonly settings: StartSettings;
  readonly readDatasets: () => Promise<Datasets>;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** How long a failed call waits for news that the server has ended. */
const endGraceMs = 2000;

/** Runs the server until it is told to stop or ends by itself. Returns the exit code. */
export async function runStart(options: StartOptions): Promise<number> {
  const { settings, signal, say, complain } = options;
  say(settings.embedded ? "Starting the embedded Supabase and the server …" : "Starting the server …");
  try {
    await using server = await startServer({
      env: settings.serverEnv,
      output: "inherit",
      signal,
    });
    const ending = endOf(server, options);
    try {
      await prepare(server, options);
    } catch (error) {
      // a server that ends takes the calls under way with it; then its end is the reason to tell
      const ended = await (signal.aborted ? ending : Promise.race([ending, wait(endGraceMs)]));
      if (ended !== undefined) return ended;
      throw error;
    }
    say(welcome({ ...settings, url: server.url }));
    return await ending;
  } catch (error) {
    if (signal.aborted) return 0;
    // the server has said itself why it ended
    if (!(error instanceof ServerEndedError)) complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function prepare(server: ServerProcess, { settings, readDatasets, say }: StartOptions): Promise<void> {
  if (!settings.embedded) return;
  const loaded = await loadDemo({
    url: server.url,
    datasets: await readDatasets(),
    dataDir: settings.dataDir,
    say,
  });
  if (loaded > 0) say(`The demo's data is in: ${loaded} rows.`);
}

async function endOf(server: ServerProcess, { signal, complain }: StartOptions): Promise<number> {
  const how = await server.ended;
  if (signal.aborted) return 0;
  complain(
    `The server ended unexpectedly (${how}). Its last lines above say more; start again to go on with the same data.`,
  );
  return 1;
}
