import postgres from "postgres";
import { findAccount } from "./native/account.ts";
import { findBinaries } from "./native/binaries.ts";
import { makeCluster, startServer } from "./native/server.ts";
import type { Engine } from "./engine.ts";
import { createPostgresConnection } from "./lite.ts";
import { wallOff } from "./lite-walls/wall-off.ts";
import { postgresSession } from "./postgres-session.ts";

const poolSize = 16;

/** PostgreSQL as a server of its own, with its files in `directory`: a pool of sessions, and fsync. */
export async function openNative(directory: string, password: string): Promise<Engine> {
  await using opened = new AsyncDisposableStack();
  const account = await findAccount();
  const binaries = await findBinaries(account);
  await makeCluster(directory, password, binaries, account);
  const server = await startServer(directory, binaries, account);
  opened.defer(() => server.stop());
  const dbUrl = `postgresql://postgres:${password}@127.0.0.1:${server.port}/postgres`;
  const superuser = postgres(dbUrl, { max: 2, onnotice: () => {}, connection: { application_name: "waybill" } });
  opened.defer(() => superuser.end({ timeout: 5 }));
  const connection = createPostgresConnection({
    url: dbUrl,
    postgresOptions: { max: poolSize, onnotice: () => {}, connection: { application_name: "waybill data api" } },
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
    crashed: server.crashed,
    close: () => (closed ??= closing.disposeAsync()),
  };
}
