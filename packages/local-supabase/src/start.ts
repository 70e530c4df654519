import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { prepareDataDir } from "./data-dir/prepare.ts";
import { LocalSupabaseError } from "./errors.ts";
import type { StartRequest } from "./stack/messages.ts";
import { forkStack } from "./stack/child.ts";

export interface StartOptions {
  /** Where the database, the keys and the certificate live (mode 0700). Default: a temporary directory, removed on stop. */
  readonly dataDir?: string;
  /**
   * `pglite` (default): Postgres in WebAssembly, needs nothing. `native`: PostgreSQL 18 as a server, a pool, safe against
   * power loss. Each has a database of its own in a data directory.
   */
  readonly engine?: "pglite" | "native";
  /** Port of the HTTPS server on 127.0.0.1; 0 (default) takes a free one. */
  readonly port?: number;
  /** The `supabase/` folder whose migrations and seeds apply. Default: this repository's. */
  readonly project?: string;
  /** Whether the seed files of `config.toml` run, once per data directory. Default true. */
  readonly seed?: boolean;
}

/** A running stack. Disposing of it stops it. */
export interface LocalSupabase extends AsyncDisposable {
  /** `https://127.0.0.1:port`, what `createClient` takes. */
  readonly url: string;
  /** `sb_publishable_…` */
  readonly publishableKey: string;
  /** `sb_secret_…`: passes by every policy. */
  readonly secretKey: string;
  /** Signs the access tokens (HS256). */
  readonly jwtSecret: string;
  /** `postgresql://…` with its password: DDL, jobs and backups. */
  readonly dbUrl: string;
  /** PEM text of the certificate to trust. */
  readonly ca: string;
  /** Of the stack's own process. */
  readonly pid: number;
  /** Real path of the data directory. */
  readonly dataDir: string;
  /** Resolves when the stack's process has ended: to nothing after `stop()`, to the reason if it ended by itself. */
  readonly ended: Promise<LocalSupabaseError | undefined>;
  /** Stops gracefully within 20 seconds, by force after that. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a Supabase on this machine: Data API, Auth and Storage over HTTPS, in one process of its own that
 * ends when this one does.
 *
 * @throws LocalSupabaseError, with a sentence that says what to do
 */
export async function start(options: StartOptions = {}): Promise<LocalSupabase> {
  const port = options.port ?? 0;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LocalSupabaseError("BAD_OPTIONS", `port must be a whole number from 0 to 65535, not ${port}.`);
  }
  const temporary = options.dataDir === undefined;
  const engine = options.engine ?? "pglite";
  const path = options.dataDir === undefined ? await mkdtemp(join(tmpdir(), "waybill-")) : resolve(options.dataDir);
  const dataDir = await prepareDataDir(path);
  const request: StartRequest = {
    dataDir,
    temporary,
    engine,
    port,
    project: resolve(options.project ?? join(import.meta.dirname, "../../../supabase")),
    seed: options.seed ?? true,
  };
  const removeTemporary = async (): Promise<void> => {
    if (temporary) await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  try {
    const child = await forkStack(request);
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= child.stop().then(removeTemporary));
    return { ...child.details, pid: child.pid, dataDir, ended: child.ended, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await removeTemporary();
    throw error;
  }
}
