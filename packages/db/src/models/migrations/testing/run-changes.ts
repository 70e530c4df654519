import type { SqlSession } from "../sql-session.ts";
import { applyChange, MigrationError, planChange, proveChange, rollbackChange, type SampleRows } from "../index.ts";
import {
  changesOf,
  fillSql,
  renamesBetween,
  firstTable,
  schemaOf,
  seededRandom,
  tablesOf,
  type ChangingTable,
} from "./changing-table.ts";
import { openSession } from "./open-session.ts";

export interface RunOptions {
  readonly scratch: SqlSession;
  readonly dbUrl: string;
  readonly table: string;
  readonly changes: number;
  /** How many the table goes through in one plan. Default 1. */
  readonly atOnce?: number;
  readonly rows: number;
  readonly seed: number;
}

/** What was changed, and where something was not as it should be. */
export interface RunReport {
  readonly done: readonly string[];
  readonly wrong: readonly string[];
}

/** Plans, proves, applies, rolls back and re-applies one change after the other on a table with rows. */
export async function runChanges({
  scratch,
  dbUrl,
  table,
  changes,
  atOnce = 1,
  rows,
  seed,
}: RunOptions): Promise<RunReport> {
  await using live = openSession(dbUrl);
  const random = seededRandom(seed);
  const [done, wrong]: [string[], string[]] = [[], []];
  let current = firstTable(table);
  const first = await planChange({ scratch, before: "", after: schemaOf(current) });
  await applyChange({ dbUrl, plan: first, name: "first" });
  await live.exec(fillSql(current, rows));
  for (let n = 0; n < changes; n++) {
    const change = changesOf(current, n * atOnce, atOnce, random);
    done.push(change.what);
    const sample = await rowsOf(live, current);
    try {
      const plan = await planChange({
        scratch,
        before: schemaOf(current),
        after: schemaOf(change.next),
        renames: renamesBetween(current, change.next),
        rows: sample,
      });
      await proveChange({ scratch, plan, rows: sample });
      const options = { dbUrl, plan, confirmDestructive: true };
      await applyChange({ ...options, name: `change_${n}` });
      // as people do meanwhile: what they write must be there again when the change comes back
      await live.exec(change.fill);
      const applied = await rowsOf(live, change.next);
      await rollbackChange(options);
      if (!same(await rowsOf(live, current), sample)) wrong.push(`${change.what}: rows differ after the rollback`);
      await applyChange({ ...options, name: `change_${n}_again` });
      if (!same(await rowsOf(live, change.next), applied)) wrong.push(`${change.what}: rows differ when re-applied`);
      current = change.next;
    } catch (error) {
      const lines = error instanceof MigrationError ? error.lines : [];
      wrong.push(`${n} ${change.what}: ${String(error)} ${lines.join("; ")}`);
      break;
    }
  }
  return { done, wrong };
}

async function rowsOf(live: SqlSession, table: ChangingTable): Promise<SampleRows> {
  const rows: Record<string, Record<string, unknown>[]> = {};
  for (const name of tablesOf(table)) {
    const read = await live.query(`select to_jsonb(t) as row from ${name} t order by id`);
    rows[name] = read.map(({ row }) => ({ ...(typeof row === "object" ? row : {}) }));
  }
  return rows;
}

function same(a: SampleRows, b: SampleRows): boolean {
  return JSON.stringify(a, sorted) === JSON.stringify(b, sorted);
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
