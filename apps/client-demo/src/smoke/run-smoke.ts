import type { Datasets } from "../data/datasets.ts";
import { type LastLines, keepLastLines } from "../stack/last-lines.ts";
import { makeAdmin } from "../stack/make-admin.ts";
import { startServer } from "../stack/server-process.ts";
import { openStage } from "../stack/stage.ts";
import { type Credentials, newCredentials } from "./people.ts";
import type { Report } from "./report.ts";
import { runScenario } from "./scenario.ts";

export interface SmokeOptions {
  readonly datasets: Datasets;
  /** Rows a batch of the import. */
  readonly batch: number;
}

const newSceneName = (): string => `smoke-${Date.now().toString(36)}`;

/** The scenario on a Supabase and a server of its own, both gone afterwards. A failed step is in the report and throws. */
export async function runSmoke(options: SmokeOptions, report: Report): Promise<void> {
  const name = newSceneName();
  const admin = newCredentials(name, "admin");
  await using stack = new AsyncDisposableStack();
  const stage = await report.step(
    "start Supabase",
    () => lateDisposable(stack, openStage({ instance: name })),
    180_000,
  );
  await report.step("make an admin", () => makeAdmin(stage.serverEnv, admin));
  let output: LastLines | undefined;
  try {
    const server = await report.step("start the server", async (note) => {
      const starting = startServer({
        env: stage.serverEnv,
        output: "pipe",
        onSpawn: ({ stdout, stderr }) => {
          output = keepLastLines([stdout, stderr].filter((stream) => stream !== null));
        },
      });
      const started = await lateDisposable(stack, starting);
      note(started.url);
      return started;
    });
    await runScenario({ ...options, name, url: server.url, admin, proxy: stage.proxy }, report);
    await report.step("stop the server", () => server.stop());
  } catch (error) {
    const lines = output?.read() ?? [];
    if (lines.length > 0) process.stderr.write(`The server's last words:\n${lines.join("\n")}\n`);
    throw error;
  }
}

/** Disposes of what is still opening when the step that waits for it is given up. */
function lateDisposable<Value extends AsyncDisposable>(
  stack: AsyncDisposableStack,
  opening: Promise<Value>,
): Promise<Value> {
  stack.defer(async () => {
    const [opened] = await Promise.allSettled([opening]);
    if (opened.status === "fulfilled") await opened.value[Symbol.asyncDispose]();
  });
  return opening;
}

/** The scenario on a server that runs already, as its admin. What it imports stays there. */
export async function runSmokeAt(
  url: string,
  admin: Credentials,
  options: SmokeOptions,
  report: Report,
): Promise<void> {
  await runScenario({ ...options, name: newSceneName(), url, admin, proxy: null }, report);
}
