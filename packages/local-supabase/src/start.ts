import { fork, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { prepareDataDir } from "./data-dir.ts";
import { stackEnvironment } from "./env.ts";
import { LocalSupabaseError, type LocalSupabaseErrorCode } from "./errors.ts";
import { fromStackSchema, type StackDetails, type StartRequest, type ToStack } from "./messages.ts";

export interface StartOptions {
  /** Where the database, the keys and the certificate live (mode 0700). Default: a temporary directory, removed on stop. */
  readonly dataDir?: string;
  /** `pglite` (default): Postgres in WebAssembly, starts fastest. `native`: PostgreSQL 18 as its own server, a pool, durable against power loss. */
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
  /** Stops gracefully within 20 seconds, by force after that. Safe to call twice. */
  stop(): Promise<void>;
}

const startDeadlineMs = 120_000;
const stopDeadlineMs = 20_000;

/**
 * Starts a Supabase on this machine: Data API, Auth and Storage over HTTPS, in one process of its own that
 * ends when this one does.
 *
 * @throws LocalSupabaseError, with a sentence that says what to do
 */
export async function start(options: StartOptions = {}): Promise<LocalSupabase> {
  const request = await toRequest(options);
  await prepareDataDir(request.dataDir, request.engine);
  const child = fork(join(import.meta.dirname, "stack-process.ts"), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: stackEnvironment(),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "json",
  });
  const exited = new Promise<void>((resolveExit) => child.once("exit", () => resolveExit()));
  const stop = once(async () => {
    await stopChild(child, exited);
    if (request.temporary) await rm(request.dataDir, { recursive: true, force: true, maxRetries: 3 });
  });
  try {
    const details = await started(child, request);
    return { ...details, pid: child.pid ?? 0, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function toRequest(options: StartOptions): Promise<StartRequest> {
  const port = options.port ?? 0;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LocalSupabaseError("BAD_OPTIONS", `port must be a whole number from 0 to 65535, not ${port}.`);
  }
  const temporary = options.dataDir === undefined;
  return {
    dataDir: options.dataDir === undefined ? await mkdtemp(join(tmpdir(), "waybill-")) : resolve(options.dataDir),
    temporary,
    engine: options.engine ?? "pglite",
    port,
    project: resolve(options.project ?? join(import.meta.dirname, "../../../supabase")),
    seed: options.seed ?? true,
  };
}

function started(child: ChildProcess, request: StartRequest): Promise<StackDetails> {
  return new Promise((resolveDetails, reject) => {
    const deadline = setTimeout(() => {
      reject(
        new LocalSupabaseError("START_TIMEOUT", `The local stack did not start within ${startDeadlineMs / 1000} s.`),
      );
    }, startDeadlineMs);
    const settle = (): void => clearTimeout(deadline);
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      settle();
      reject(
        new LocalSupabaseError(
          "STACK_CRASHED",
          `The local stack's process ended while it started (${signal ?? `exit code ${code}`}).`,
        ),
      );
    });
    child.on("message", (raw) => {
      const message = fromStackSchema.parse(raw);
      settle();
      if (message.kind === "ready") resolveDetails(message.details);
      else reject(new LocalSupabaseError(asCode(message.code), message.message));
    });
    send(child, { kind: "start", request });
  });
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  send(child, { kind: "stop" });
  const kill = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
  await exited;
  clearTimeout(kill);
}

function send(child: ChildProcess, message: ToStack): void {
  // A child that is gone already tells so by its exit; the failed send adds nothing.
  if (child.connected) child.send(message, () => {});
}

const codes: readonly LocalSupabaseErrorCode[] = [
  "BAD_OPTIONS",
  "DATA_DIR_IN_USE",
  "DATA_DIR_UNUSABLE",
  "PORT_IN_USE",
  "PROJECT_INVALID",
  "MIGRATION_FAILED",
  "SEED_FAILED",
  "ENGINE_FAILED",
  "START_TIMEOUT",
  "STACK_CRASHED",
];
const asCode = (text: string): LocalSupabaseErrorCode => codes.find((code) => code === text) ?? "ENGINE_FAILED";

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
