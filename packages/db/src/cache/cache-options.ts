import { identifierParts, identifierSchema, waybillTables } from "@waybill/contracts";
import { z } from "zod";
import { WaybillDbError } from "../errors.ts";
import { tableKey } from "./table-marks.ts";

export interface CachedTable {
  /** How long an answer is given as it is, in ms: at most a day. */
  readonly ttlMs: number;
  /** How long after that it is still given while a new one is fetched behind it, in ms (default 0). */
  readonly staleMs?: number | undefined;
  /** Other tables whose writes change what is read here: of a view, a policy, a trigger, a computed column. */
  readonly droppedWith?: readonly string[] | undefined;
}

/** Which answers of the Data API are kept in this process's memory. */
export interface CacheOptions {
  /** By the table's or view's name as records show it: `airports`, `other_schema.airports`, `"My Table"`. */
  readonly tables: Readonly<Record<string, CachedTable>>;
  /** What all kept answers may take (default 64 MiB); the least recently used goes first. */
  readonly maxBytes?: number | undefined;
  /** A longer answer is not kept (default 1 MiB). */
  readonly maxAnswerBytes?: number | undefined;
}

/** {@link CachedTable} made ready: `names` are those whose writes drop its answers, its own first. */
export interface CacheRule {
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly names: readonly string[];
}

export interface CacheRules {
  /** By the name as `classify` writes it. */
  readonly tables: ReadonlyMap<string, CacheRule>;
  readonly maxBytes: number;
  readonly maxAnswerBytes: number;
}

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

const tableName = identifierSchema.refine(
  (name) => !waybillTables.has(identifierParts(name)?.at(-1) ?? ""),
  "must not be a table of Waybill itself: its own rules need the rows as they are",
);

const schema = z.strictObject({
  tables: z.record(
    z.string(),
    z.strictObject({
      ttlMs: whole(1, DAY_MS),
      staleMs: whole(0, DAY_MS).default(0),
      droppedWith: z.array(identifierSchema).default([]),
    }),
  ),
  maxBytes: whole(1024, 16 * 1024 * MIB).default(64 * MIB),
  maxAnswerBytes: whole(1, 64 * MIB).default(MIB),
});

/** @throws WaybillDbError `ENVIRONMENT_INVALID`, naming the member and its rule */
export function readCacheOptions(options: CacheOptions): CacheRules {
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(["cache", ...(issue?.path ?? [])].join("."), issue?.message ?? "is not valid");
  }
  const { tables, maxBytes, maxAnswerBytes } = parsed.data;
  const rules = Object.entries(tables).map(([name, { ttlMs, staleMs, droppedWith }]) => {
    const fault = tableName.safeParse(name).error?.issues[0]?.message;
    if (fault !== undefined) throw invalid(`cache.tables, ${JSON.stringify(name)},`, fault);
    return [name.replace(/^public\./, ""), { ttlMs, staleMs, names: [name, ...droppedWith].map(tableKey) }] as const;
  });
  return { tables: new Map(rules), maxBytes, maxAnswerBytes };
}

function invalid(name: string, rule: string): WaybillDbError {
  return new WaybillDbError({
    code: "ENVIRONMENT_INVALID",
    message: `Option ${name} ${rule}.`,
    hint: `Correct ${name}.`,
  });
}
