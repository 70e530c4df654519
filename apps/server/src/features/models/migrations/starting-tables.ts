import type { DataModelOutput } from "@waybill/contracts";
import { driftOf, liveSchemaOf, tablesThere, type ScratchDatabase } from "@waybill/db";
import type { SchemaSides } from "./schema-sides.ts";

export interface StartingTablesOptions {
  readonly scratch: ScratchDatabase;
  readonly dbUrl: string;
  readonly sides: SchemaSides;
  readonly wanted: readonly DataModelOutput[];
  /** By their names, the models whose tables Waybill has made. */
  readonly now: ReadonlyMap<string, DataModelOutput>;
  /** Also tables that Waybill has made are taken as they are. */
  readonly fromTable: boolean;
}

/** What a plan starts from and leads to, once the database itself has been looked at. */
export interface StartingTables {
  readonly before: string;
  readonly after: string;
  /** Models whose tables are taken as they are. */
  readonly adopted: readonly DataModelOutput[];
  /** How the other models' tables differ from what they should be: lines that begin with the table, `public.airports:`. */
  readonly drift: readonly string[];
}

/**
 * A model that was never applied may have a table that somebody made: then the plan starts from that. Tables that such
 * a one refers to and that are no model's are on both sides, as they are, or the plan would drop them.
 */
export async function startingTables(options: StartingTablesOptions): Promise<StartingTables> {
  const { scratch, dbUrl, sides, wanted, now, fromTable } = options;
  const tableOf = (model: DataModelOutput): string => (now.get(model.model_name) ?? model).table_name;
  const asTheyAre = wanted.filter(({ model_name }) => fromTable || !now.has(model_name));
  const asked = asTheyAre.map(tableOf);
  const held = sides.before.models.map(({ table_name }) => table_name).filter((name) => !asked.includes(name));
  const drift = held.length === 0 ? [] : await driftOf({ scratch, dbUrl, schema: sides.before.sql, tables: held });
  const plain = { before: sides.before.sql, after: sides.after.sql, adopted: [], drift };
  if (asked.length === 0) return plain;
  // most models have no table before their first plan
  if (!fromTable && (await tablesThere({ dbUrl, tables: asked })).length === 0) return plain;
  const before = await liveSchemaOf({ scratch, dbUrl, tables: asked, besides: sides.before.sql });
  const adopted = asTheyAre.filter((model) => before.tables.includes(tableOf(model)));
  const others = before.tables.filter((name) => !asked.includes(name));
  const after =
    others.length === 0
      ? sides.after
      : await liveSchemaOf({ scratch, dbUrl, tables: others, besides: sides.after.sql });
  return { before: before.sql, after: after.sql, adopted, drift };
}
