import postgres from "postgres";
import type { SqlSession } from "../sql-session.ts";

/** A connection to look at the live database with, as its owner. */
export function openSession(dbUrl: string): SqlSession & AsyncDisposable {
  const sql = postgres(dbUrl, { max: 1, connect_timeout: 20, prepare: false, onnotice: () => undefined });
  return {
    exec: async (text) => {
      await sql.unsafe(text).simple();
    },
    query: async (text, parameters = []) => [...(await sql.unsafe(text, [...parameters]))],
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  };
}
