import type postgres from "postgres";
import type { EngineSession } from "./engine.ts";

/** A connection of postgres.js, or a transaction on one, as the engines speak of it. */
export function postgresSession(sql: Pick<postgres.Sql, "unsafe">): EngineSession {
  return {
    exec: async (text) => {
      await sql.unsafe(text).simple();
    },
    query: async (text, parameters = []) => [...(await sql.unsafe(text, [...parameters]))],
  };
}
