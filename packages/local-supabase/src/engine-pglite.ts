import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { PGlite } from "@electric-sql/pglite";
import { z } from "zod";
import { freeSpace, writeReserve } from "./pglite/free-space.ts";
import { listenDatabase } from "./pglite/socket.ts";
import type { Engine, EngineSession } from "./engine.ts";
import { messageOf } from "./errors.ts";
import { createPgliteConnection } from "./lite.ts";
import { SessionLock } from "./lite-walls/session/lock.ts";
import { wallOff } from "./lite-walls/wall-off.ts";

const packagePath = findPackageJSON("@electric-sql/pglite", import.meta.url);
export const pgliteVersion: string =
  packagePath === undefined
    ? "unknown"
    : z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packagePath, "utf8"))).version;

// PGlite fixes the path on its command line, which beats the database's own setting and every RESET.
const startParams = PGlite.defaultStartParams.map((parameter) =>
  parameter.startsWith("search_path=") ? 'search_path="$user", public, extensions' : parameter,
);

export interface PgliteLimits {
  /** How long a client of `dbUrl` may leave a transaction open and say nothing; everybody else waits for it. */
  readonly idleInTransactionMs: number;
  /** Of `dbUrl`, at the same time. */
  readonly maxConnections: number;
  /** Of the disk with the directory, in bytes; below `writeReserve` nothing is written. */
  readonly freeSpace: (directory: string) => number;
}
const defaultLimits: PgliteLimits = { idleInTransactionMs: 30_000, maxConnections: 100, freeSpace };

/**
 * Postgres in WebAssembly, inside this process, with its files in `directory`. It never calls fsync: what it
 * committed outlives a killed process, but not a power failure.
 */
export async function openPglite(
  directory: string,
  password: string,
  limits: Partial<PgliteLimits> = {},
): Promise<Engine> {
  const { freeSpace: freeIn, ...socketLimits } = { ...defaultLimits, ...limits };
  const lowOnSpace = (): boolean => freeIn(directory) < writeReserve;
  const connection = await createPgliteConnection({ url: directory, pgliteOptions: { startParams } });
  const { driver } = connection;
  await driver.waitReady;
  const crashed = watchForCrash(driver);
  const lock = new SessionLock();
  wallOff(connection, { lock });
  const socket = await listenDatabase({ driver, lock, password, lowOnSpace, ...socketLimits });
  const superuser = sessionOf(driver);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await socket.close();
    const release = await lock.acquire();
    try {
      await connection.close();
    } finally {
      release();
    }
  };
  return {
    connection,
    dbUrl: `postgresql://postgres:${password}@127.0.0.1:${socket.port}/postgres`,
    exec: (sql) => lock.run(() => superuser.exec(sql)),
    query: (sql, parameters) => lock.run(() => superuser.query(sql, parameters)),
    transaction: (work) => lock.run(() => driver.transaction((transaction) => work(sessionOf(transaction)))),
    onSchemaChange: async (callback) => {
      await lock.run(() => driver.listen("pgrst", callback));
    },
    lowOnSpace,
    crashed,
    close: () => (closing ??= close()),
  };
}

/** Everything that runs passes through one method; what that throws is the end of Postgres, never an error of SQL. */
function watchForCrash(driver: PGlite): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const run = driver.execProtocolRawSync.bind(driver);
  driver.execProtocolRawSync = (message) => {
    try {
      return run(message);
    } catch (error) {
      resolve(messageOf(error));
      throw error;
    }
  };
  return promise;
}

function sessionOf(pglite: Pick<PGlite, "exec" | "query">): EngineSession {
  return {
    exec: async (sql) => {
      await pglite.exec(sql);
    },
    query: async (sql, parameters = []) => (await pglite.query<Record<string, unknown>>(sql, [...parameters])).rows,
  };
}
