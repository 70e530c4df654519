import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { plainEnvironment } from "./env.ts";

const accessSchema = z.object({
  url: z.string(),
  publishableKey: z.string(),
  secretKey: z.string(),
  ca: z.string(),
});

/** What `pnpm start` has brought up, on a free port and in a directory of its own. */
export interface RunningStart extends AsyncDisposable {
  /** Of the server. */
  readonly url: string;
  readonly supabase: { readonly url: string; readonly publishableKey: string; readonly secretKey: string };
  /** The file with the first admin's credentials. */
  readonly adminFile: string;
  /** The file with the certificate authority of the embedded Supabase. */
  readonly caFile: string;
  /** Where an example may write. */
  readonly directory: string;
}

/** Throws when `start` ends before it says where it serves. */
export async function runStart(): Promise<RunningStart> {
  const directory = await mkdtemp(join(tmpdir(), "waybill-docs-"));
  const dataDir = join(directory, "data");
  const child = spawn(process.execPath, [join(import.meta.dirname, "../../apps/client-demo/src/start.ts")], {
    env: { ...plainEnvironment(), WAYBILL_DATA_DIR: dataDir, WAYBILL_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const dispose = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    const url = /serves at (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    const { ca, ...supabase } = accessSchema.parse(JSON.parse(await readFile(join(dataDir, "stack.json"), "utf8")));
    const caFile = join(directory, "ca.pem");
    await writeFile(caFile, ca);
    const adminFile = join(dataDir, "admin.json");
    return { url, supabase, adminFile, caFile, directory, [Symbol.asyncDispose]: dispose };
  }
  await dispose();
  throw new Error(`start ended before it served:\n${said.join("\n")}`);
}
