import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { firstClosedDirectory, type Account } from "./account.ts";
import type { NativeBinaries } from "./binaries.ts";
import { keepLog } from "./log.ts";
import { endServer, findServer, isReady, isServerOf } from "./process.ts";
import { stackEnvironment } from "../env.ts";
import { LocalSupabaseError } from "../errors.ts";
import { writeSecretFile } from "../data-dir/secret-file.ts";

export interface NativeServer {
  readonly port: number;
  /** Resolves to the reason when the server ended without being stopped. */
  readonly crashed: Promise<string>;
  stop(): Promise<void>;
}

const readyDeadlineMs = 60_000;
const portAttempts = 5;

/** Makes an empty cluster in `directory`, unless it is there already. */
export async function makeCluster(
  directory: string,
  password: string,
  binaries: NativeBinaries,
  account: Account,
): Promise<void> {
  if (existsSync(directory)) return;
  const closed = await firstClosedDirectory(directory, account);
  if (closed !== undefined) {
    throw new LocalSupabaseError(
      "DATA_DIR_UNUSABLE",
      `Postgres runs as the account "nobody", which may not enter ${closed}. Choose a data directory below one that everybody may enter, start as an ordinary user, or use the engine "pglite".`,
    );
  }
  const partial = `${directory}.partial`;
  const passwordFile = join(dirname(directory), "initdb.password");
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  await lend(partial, account);
  try {
    await writeSecretFile(passwordFile, password);
    await lend(passwordFile, account);
    const options = [
      "--username=postgres",
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
    ];
    await run(binaries.initdb, [`--pgdata=${partial}`, ...options], account);
  } finally {
    await rm(passwordFile, { force: true });
  }
  // No other way in than by this machine's loopback and the password.
  await writeFile(join(partial, "pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
  await rename(partial, directory);
}

/**
 * Gives the superuser this password, in a cluster that nobody serves: single-user mode asks for none. Needed where
 * `keys.json` was lost and made anew.
 */
export async function resetPassword(
  directory: string,
  password: string,
  { postgres }: NativeBinaries,
  account: Account,
): Promise<void> {
  await run(
    postgres,
    ["--single", "-D", directory, "postgres"],
    account,
    `alter role postgres password '${password}'\n`,
  );
}

async function lend(path: string, { uid, gid }: Account): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

async function run(program: string, parameters: string[], account: Account, input = ""): Promise<void> {
  const child = spawn(program, parameters, { ...account, env: stackEnvironment(), timeout: readyDeadlineMs, cwd: "/" });
  let output = "";
  child.stdin.on("error", () => {}); // it ended: its exit code says why
  child.stdin.end(input);
  child.stdout.resume();
  child.stderr.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => resolve(exitCode ?? signal ?? "unknown"));
  });
  if (code !== 0) throw new LocalSupabaseError("ENGINE_FAILED", `${program} failed (${code}): ${output.trim()}`);
}

/** Starts Postgres on a free port of 127.0.0.1, with a guard that ends it when this process ends. */
export async function startServer(
  directory: string,
  binaries: NativeBinaries,
  account: Account,
): Promise<NativeServer> {
  const orphan = await findServer(directory);
  if (orphan !== undefined) await endServer(orphan, directory);
  // Whoever else has that number now: this process holds the directory's lock, so no other server runs in it.
  else await rm(join(directory, "postmaster.pid"), { force: true });
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const server = spawnServer(directory, port, binaries, account);
    // From now on, not from when it is ready: this process may be killed in between.
    const guard = spawnGuard(server, directory);
    const said = keepLog(server.stderr, join(dirname(directory), "postgres.log"));
    try {
      await ready(server, directory, said);
      return watch(server, directory, port, guard);
    } catch (error) {
      server.kill("SIGKILL");
      guard.stdin.end();
      if (attempt === portAttempts) throw error;
    }
  }
}

function spawnServer(directory: string, port: number, { postgres }: NativeBinaries, account: Account) {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "100",
    wal_level: "logical",
    timezone: "UTC",
    log_timezone: "UTC",
    // What a statement contains may be secret; the log says what went wrong with it.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return spawn(postgres, ["-D", directory, "-p", String(port), ...options], {
    ...account,
    cwd: "/",
    env: stackEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function ready(server: ChildProcess, directory: string, said: () => string): Promise<void> {
  let failure: Error | undefined;
  server.once("error", (error) => (failure = error));
  for (const until = Date.now() + readyDeadlineMs; Date.now() < until; await sleep(15)) {
    if (failure) throw failure;
    if (server.exitCode !== null || server.signalCode !== null) {
      throw new LocalSupabaseError(
        "ENGINE_FAILED",
        `Postgres ended while it started (${server.signalCode ?? server.exitCode}): ${said()}`,
      );
    }
    if (await isReady(directory)) return;
  }
  throw new LocalSupabaseError("ENGINE_FAILED", `Postgres was not ready within ${readyDeadlineMs / 1000} s.`);
}

function spawnGuard(server: ChildProcess, directory: string) {
  const guardFile = join(import.meta.dirname, "guard.ts");
  const guard = spawn(process.execPath, [guardFile, String(server.pid ?? 0), directory], {
    detached: true,
    env: stackEnvironment(),
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  return guard;
}

function watch(
  server: ChildProcess,
  directory: string,
  port: number,
  guard: ReturnType<typeof spawnGuard>,
): NativeServer {
  const pid = server.pid ?? 0;
  let stopping = false;
  const { promise: crashed, resolve } = Promise.withResolvers<string>();
  server.once("exit", (code, signal) => {
    if (!stopping) resolve(`Postgres ended (${signal ?? `exit code ${code}`})`);
  });
  return {
    port,
    crashed,
    stop: async () => {
      stopping = true;
      if (await isServerOf(pid, directory)) await endServer(pid, directory);
      guard.stdin.end();
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
