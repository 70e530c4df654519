import { createHash } from "node:crypto";
import { lockModes } from "@waybill/contracts";
import { z } from "zod";

const misfitsSchema = z.strictObject({
  /** Runs first: makes a function in `pg_temp`. */
  prepare: z.string().nullable(),
  /** One row: `count`, and `example`, the key of one row. */
  count: z.string(),
});
/** How to count the rows that a statement cannot take, once it has failed. */
export type Misfits = z.output<typeof misfitsSchema>;

const statementSchema = z.strictObject({
  sql: z.string(),
  /** `add column`, `change type`, `keep data`, … */
  kind: z.string(),
  /** The table as SQL text, with its name at that moment; null for what belongs to none. */
  table: z.string().nullable(),
  /** The strongest lock that it takes on an existing table. */
  lock: z.enum(lockModes).nullable(),
  /** Other tables that it locks as well: what a foreign key points to. */
  alsoLocks: z.array(z.string()),
  /** Writes the whole table anew; measured on the scratch database. */
  rewrites: z.boolean(),
  /** Reads the whole table. */
  scans: z.boolean(),
  /** What is lost, in words; null when nothing is. */
  loses: z.string().nullable(),
  /** What it means for those who use the table meanwhile. */
  effect: z.string(),
  misfits: misfitsSchema.nullable(),
});
export type Statement = z.output<typeof statementSchema>;

const keptSchema = z.strictObject({
  /** The side table in the schema `waybill_dropped`, as SQL text. */
  sideTable: z.string(),
  table: z.string(),
  /** Null when the whole table is kept. */
  column: z.string().nullable(),
});
/** Data that a way drops, and where it is kept until the other way restores it, or somebody purges it. */
export type Kept = z.output<typeof keptSchema>;

const lockSchema = z.strictObject({ table: z.string(), mode: z.enum(lockModes) });

export const migrationPlanSchema = z.strictObject({
  /** Eight hex digits; the side tables carry it. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  before: z.string(),
  after: z.string(),
  up: z.array(statementSchema),
  down: z.array(statementSchema),
  /** The tables that are touched, under all names that they have meanwhile, as SQL text. */
  tables: z.array(z.string()),
  /** What is locked before a way begins, with its names at that moment. */
  locks: z.strictObject({ up: z.array(lockSchema), down: z.array(lockSchema) }),
  keeps: z.strictObject({ up: z.array(keptSchema), down: z.array(keptSchema) }),
  /** SHA-256 of the catalog of these tables, before and after. */
  catalogs: z.strictObject({ before: z.string(), after: z.string() }),
  /** Column renames by the table's name after the change: new name → old name. */
  renamed: z.array(z.strictObject({ table: z.string(), was: z.string(), columns: z.record(z.string(), z.string()) })),
  /** SHA-256 over all of the above. */
  fingerprint: z.string(),
});
/** A change of schema and its way back: plain JSON, to be shown, stored, and given back to be applied. */
export type MigrationPlan = z.output<typeof migrationPlanSchema>;

/** SHA-256 over all that a plan says, in hex. */
export function fingerprintOf(plan: Omit<MigrationPlan, "fingerprint">): string {
  const { id, before, after, up, down, tables, locks, keeps, catalogs, renamed } = plan;
  return sha256(JSON.stringify([id, before, after, up, down, tables, locks, keeps, catalogs, renamed], sorted));
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** jsonb orders the keys of an object anew: a plan that was stored must still be the same. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
