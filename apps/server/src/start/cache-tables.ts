import { identifierParts, identifierSchema, waybillTables } from "@waybill/contracts";
import { z } from "zod";

const DAY_MS = 86_400_000;
const rule =
  "must be tables with the ms for which their answers are kept, at most a day, such as airports=60000,routes=5000; none of Waybill's own";

const entry = z.string().transform((text, context): readonly [table: string, ttlMs: number] => {
  const [, table = "", digits = ""] = /^(.+)=(\d{1,8})$/.exec(text) ?? [];
  const ttlMs = Number(digits);
  const isTable = identifierSchema.safeParse(table).success && !waybillTables.has(identifierParts(table)?.at(-1) ?? "");
  if (!isTable || ttlMs < 1 || ttlMs > DAY_MS) context.addIssue({ code: "custom", message: rule });
  return [table, ttlMs];
});

/** `airports=60000` → ms by table (`WAYBILL_CACHE_TABLES`). */
export const cacheTables = z.array(entry).transform((entries) => new Map(entries));
