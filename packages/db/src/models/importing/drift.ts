import { readCatalog } from "../migrations/catalog.ts";
import { inLiveRead, type LiveReadOptions } from "../migrations/live-read.ts";
import { tableName } from "../migrations/names.ts";
import { makeSchema } from "../migrations/plan-change.ts";
import { inScratch, type ScratchDatabase } from "../migrations/sql-session.ts";
import { driftLines } from "./drift-lines.ts";

export interface DriftOptions extends LiveReadOptions {
  /** An empty database, which is left as it was. */
  readonly scratch: ScratchDatabase;
  /** What the models compile to (`ddlOf`), with the tables that they refer to. */
  readonly schema: string;
  /** The tables in `public` that are compared. */
  readonly tables: readonly string[];
}

/**
 * How tables of the live database differ from their models, a line of words a difference; none when they are equal.
 *
 * @throws MigrationError `SCHEMA_INVALID`, `MIGRATION_BUSY`, `MIGRATION_TIMEOUT`, `DATABASE_UNREACHABLE`
 */
export async function driftOf({ scratch, schema, tables, ...live }: DriftOptions): Promise<string[]> {
  const names = tables.map((name) => tableName("public", name));
  const found = await inLiveRead(live, (session) => readCatalog(session, names));
  const expected = await inScratch(scratch, "Comparing the tables", live.deadlineMs ?? 30_000, async (session) => {
    await makeSchema(session, "before", schema);
    return readCatalog(session, names);
  });
  return driftLines(found, expected);
}
