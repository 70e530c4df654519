import postgres from "postgres";
import { findAccount } from "./native/account.ts";
import { findBinaries } from "./native/binaries.ts";
import { makeCluster, resetPassword, startServer } from "./native/server.ts";
import type { Engine } from "./engine.ts";
import { codeOf } from "./errors.ts";
import { createPostgresConnection } from "./lite.ts";
import { wallOff } from "./lite-walls/wall-off.ts";
import { postgresSession } from "./postgres-session.ts";

const poolSize = 16;

// Seconds between a lost connection and the next try. Postgres is on this machine, and soon back; postgres.js's own
// pauses grow to 20 s with every connection that was lost at once.
const backoff = () => 0.1;

/** PostgreSQL as a server of its own, with its files in `directory`: a pool of sessions, and fsync. */
export async function openNative(directory: string, password: string): Promise<Engine> {
  await using opened = new AsyncDisposableStack();
  const account = await findAccount();
  const binaries = await findBinaries(account);
  await makeCluster(directory, password, binaries, account);
  let server = await startServer(directory, binaries, account);
  opened.defer(() => server.stop());
  if (!(await accepts(urlOf(server.port, password)))) {
    await server.stop();
    await resetPassword(directory, password, binaries, account);
    server = await startServer(directory, binaries, account);
  }
  const dbUrl = urlOf(server.port, password);
  const superuser = postgres(dbUrl, {
    max: 2,
    backoff,
    onnotice: () => {},
    connection: { application_name: "waybill" },
  });
  opened.defer(() => superuser.end({ timeout: 5 }));
  const connection = createPostgresConnection({
    url: dbUrl,
    postgresOptions: {
      max: poolSize,
      backoff,
      onnotice: () => {},
      connection: { application_name: "waybill data api" },
    },
  });
  opened.defer(() => connection.close());
  wallOff(connection);

  const closing = opened.move();
  let closed: Promise<void> | undefined;
  return {
    connection,
    dbUrl,
    ...postgresSession(superuser),
    transaction: async (work) => {
      const { value } = await superuser.begin(async (transaction) => ({
        value: await work(postgresSession(transaction)),
      }));
      return value;
    },
    onSchemaChange: async (callback) => {
      // Also after a lost connection: what was announced meanwhile was missed.
      await superuser.listen("pgrst", callback, callback);
    },
    // Postgres itself answers 53100, and goes on.
    lowOnSpace: () => false,
    crashed: server.crashed,
    close: () => (closed ??= closing.disposeAsync()),
  };
}

const urlOf = (port: number, password: string): string =>
  `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;

/** Whether the server knows the password. */
async function accepts(dbUrl: string): Promise<boolean> {
  const sql = postgres(dbUrl, { max: 1, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch (error) {
    if (codeOf(error) === "28P01") return false;
    throw error;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
