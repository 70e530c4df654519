import type { PGlite } from "@electric-sql/pglite";
import type { Engine, EngineSession } from "./engine.ts";
import { createPgliteConnection } from "./lite.ts";

/** Postgres in WebAssembly, inside this process, with its files in `directory`. */
export async function openPglite(directory: string): Promise<Engine> {
  const connection = await createPgliteConnection({ url: directory });
  const { driver } = connection;
  await driver.waitReady;
  return {
    connection,
    dbUrl: "",
    exec: async (sql) => void (await driver.exec(sql)),
    query: (sql, parameters) => queryRows(driver, sql, parameters),
    transaction: (work) =>
      driver.transaction((session) =>
        work({
          exec: async (sql) => void (await session.exec(sql)),
          query: (sql, parameters) => queryRows(session, sql, parameters),
        } satisfies EngineSession),
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
