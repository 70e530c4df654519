import type { PGlite } from "@electric-sql/pglite";
import type { Engine, EngineSession } from "./engine.ts";
import { createPgliteConnection } from "./lite.ts";
import { wallOff } from "./lite-walls/wall-off.ts";

/** Postgres in WebAssembly, inside this process, with its files in `directory`. */
export async function openPglite(directory: string): Promise<Engine> {
  const connection = await createPgliteConnection({ url: directory });
  const { driver } = connection;
  await driver.waitReady;
  // PGlite has one session for everybody: whoever speaks to it takes this lock first.
  const { lock } = wallOff(connection);
  return {
    connection,
    dbUrl: "",
    exec: (sql) => lock.run(async () => void (await driver.exec(sql))),
    query: (sql, parameters) => lock.run(() => queryRows(driver, sql, parameters)),
    transaction: (work) =>
      lock.run(() =>
        driver.transaction((session) =>
          work({
            exec: async (sql) => void (await session.exec(sql)),
            query: (sql, parameters) => queryRows(session, sql, parameters),
          } satisfies EngineSession),
        ),
      ),
    close: () => connection.close(),
  };
}

async function queryRows(
  session: Pick<PGlite, "query">,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const { rows } = await session.query<Record<string, unknown>>(sql, [...parameters]);
  return rows;
}
