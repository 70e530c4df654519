import type { Waybill } from "@waybill/db";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { dataError } from "../data-error.ts";

const foreignKeySchema = z.object({
  name: z.string(),
  from_table: z.string(),
  from_columns: z.array(z.string()),
  to_table: z.string(),
  to_columns: z.array(z.string()),
});
export type ForeignKey = z.output<typeof foreignKeySchema>;

/** The foreign keys from and to a table. */
export type ForeignKeysOf = (table: string) => Promise<readonly ForeignKey[]>;

/** How long a key that was added or renamed may stay unseen. */
const staleMs = 10_000;
const keptTables = 500;

export function createForeignKeys(waybill: Waybill): ForeignKeysOf {
  const kept = new LRUCache<string, readonly ForeignKey[]>({ max: keptTables, ttl: staleMs });
  return async (table) => {
    const known = kept.get(table);
    if (known !== undefined) return known;
    const answer = await waybill
      .service()
      .rpc("foreign_keys_of", { of_table: table })
      .setHeader("x-waybill-operation", "read");
    const about = { columns: [], primaryKey: [], model: { table_name: table, relationships: null } };
    if (answer.error !== null) throw dataError("Looking for foreign keys", about, answer, "include");
    const keys = z.array(foreignKeySchema).parse(answer.data);
    kept.set(table, keys);
    return keys;
  };
}
