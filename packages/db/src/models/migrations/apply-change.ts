import { catalogDigest, readCatalog } from "./catalog.ts";
import { findApplied, forgetApplied, nextVersion, prepareHistory, recordApplied, type Applied } from "./history.ts";
import { inLiveTransaction, type LiveOptions } from "./live-transaction.ts";
import { MigrationError, messageOf } from "./migration-error.ts";
import { removeMigrationFiles, writeMigrationFiles } from "./migration-files.ts";
import type { MigrationPlan, Statement } from "./migration-plan.ts";
import { plainName } from "./names.ts";
import { refuseChanged } from "./prove-change.ts";
import { runStatement } from "./run-statement.ts";
import type { SqlSession } from "./sql-session.ts";

/** What is about to be done. */
export type ChangeStep =
  | { readonly step: "statement"; readonly index: number; readonly of: number; readonly statement: Statement }
  | { readonly step: "record" }
  | { readonly step: "commit" };

export interface ChangeOptions extends LiveOptions {
  readonly plan: MigrationPlan;
  /** Needed for a way that loses data, even if it is kept aside. */
  readonly confirmDestructive?: boolean;
  /** The `supabase/migrations` in which the migration and its rollback are written. */
  readonly folder?: string;
  /** Writes down what was done, in the same transaction: both stand, or neither. */
  readonly record?: (session: SqlSession, applied: Applied) => Promise<void>;
  /** Is told before each step, and waited for. */
  readonly onStep?: (step: ChangeStep) => void | Promise<void>;
}

export interface ApplyOptions extends ChangeOptions {
  /** Of the migration: a-z, 0-9 and _. */
  readonly name: string;
}

export interface ChangeReport extends Applied {
  /** This very plan stood applied (or rolled back) already, and nothing was done. */
  readonly already: boolean;
  /** Written, or removed by a rollback. */
  readonly files: readonly string[];
  /** Why the files could not be written; the database has the change all the same. */
  readonly fileError: string | null;
}

/**
 * Makes exactly the change that was planned, in one transaction with its row in `supabase_migrations.schema_migrations`:
 * killed at any moment, the database has all of it or nothing.
 *
 * @throws MigrationError `PLAN_CHANGED`, `SCHEMA_DRIFTED`, `CONFIRMATION_NEEDED`, `ROWS_DO_NOT_FIT`, `PLAN_FAILED`,
 *   `MIGRATION_BUSY`, `MIGRATION_TIMEOUT`, `MIGRATION_IN_DOUBT`, `DATABASE_UNREACHABLE`
 */
export async function applyChange(options: ApplyOptions): Promise<ChangeReport> {
  const { plan, name, folder } = options;
  refuseChanged(plan);
  if (!/^[a-z0-9_]{1,60}$/.test(name)) {
    throw new MigrationError(
      "PLAN_FAILED",
      "The name of a migration is 1 to 60 of a-z, 0-9 and _.",
      "Choose another name: add_tail_number.",
    );
  }
  refuseUnconfirmed(plan.up, options.confirmDestructive);
  const report = await inLiveTransaction(options, async (session) => {
    await prepareHistory(session);
    const found = await findApplied(session, plan);
    if (found !== null) return { ...found, already: true };
    await lockAsPlanned(session, plan, "up");
    await runWay(session, plan, "up", options);
    await options.onStep?.({ step: "record" });
    const applied = { version: await nextVersion(session, new Date()), name };
    await recordApplied(session, plan, applied);
    await options.record?.(session, applied);
    await finish(session, options);
    return { ...applied, already: false };
  });
  return { ...report, ...(await filed(folder, (into) => writeMigrationFiles(into, report, plan))) };
}

/**
 * Takes an applied change back, restores what it dropped, and forgets its row, in one transaction.
 *
 * @throws MigrationError as `applyChange`, and `NOT_APPLIED`, `DROPPED_DATA_PURGED`
 */
export async function rollbackChange(options: ChangeOptions): Promise<ChangeReport> {
  const { plan, folder } = options;
  refuseChanged(plan);
  refuseUnconfirmed(plan.down, options.confirmDestructive);
  let tried: Applied | null = null;
  let removed: Applied | null = null;
  const remove = (applied: Applied) => filed(folder, (from) => removeMigrationFiles(from, applied));
  const rolledBack = async (session: SqlSession): Promise<Applied & Pick<ChangeReport, "already">> => {
    await prepareHistory(session);
    const found = await findApplied(session, plan);
    if (found === null) {
      // an earlier try of this call may have been committed after all
      if (tried !== null) return { ...tried, already: true };
      throw new MigrationError(
        "NOT_APPLIED",
        "This plan does not stand applied in supabase_migrations.schema_migrations.",
        "Look there for what was applied last; only that can be rolled back.",
      );
    }
    tried = found;
    await refusePurged(session, plan);
    await lockAsPlanned(session, plan, "down");
    await runWay(session, plan, "down", options);
    await options.onStep?.({ step: "record" });
    await forgetApplied(session, plan);
    await options.record?.(session, found);
    // before it is committed: were this process killed in between, the next `db push` would make the change again
    removed = found;
    await remove(found);
    await finish(session, options);
    return { ...found, already: false };
  };
  try {
    const report = await inLiveTransaction(options, rolledBack);
    return { ...report, ...(await remove(report)) };
  } catch (error) {
    const inDoubt = error instanceof MigrationError && error.code === "MIGRATION_IN_DOUBT";
    const stands: Applied | null = inDoubt ? null : removed;
    if (stands !== null) await filed(folder, (into) => writeMigrationFiles(into, stands, plan));
    throw error;
  }
}

/** Drops for good what a plan has kept aside. After that its way back would bring back no data, and is refused. */
export async function purgeDropped(options: LiveOptions & { readonly plan: MigrationPlan }): Promise<void> {
  const { up, down } = options.plan.keeps;
  await inLiveTransaction(options, async (session) => {
    for (const { sideTable } of [...up, ...down]) await session.exec(`drop table if exists ${sideTable}`);
  });
}

function refuseUnconfirmed(way: readonly Statement[], confirmed = false): void {
  const loses = way.flatMap((statement) => statement.loses ?? []);
  if (loses.length === 0 || confirmed) return;
  throw new MigrationError(
    "CONFIRMATION_NEEDED",
    `This way drops data. ${loses.slice(0, 3).join(" ")}`,
    "Read what is lost, and confirm it (confirmDestructive).",
    { lines: loses },
  );
}

/** Locks first and looks then: nobody changes these tables any more. */
async function lockAsPlanned(session: SqlSession, plan: MigrationPlan, way: "up" | "down"): Promise<void> {
  const expected = way === "up" ? plan.catalogs.before : plan.catalogs.after;
  await refuseDrifted(session, plan, expected);
  for (const { table, mode } of plan.locks[way])
    await session.exec(`lock table ${table} in ${mode.toLowerCase()} mode`);
  await refuseDrifted(session, plan, expected);
}

async function refuseDrifted(session: SqlSession, plan: MigrationPlan, expected: string): Promise<void> {
  const catalog = await readCatalog(session, plan.tables);
  if (catalogDigest(catalog) === expected) return;
  throw new MigrationError(
    "SCHEMA_DRIFTED",
    `The tables ${plan.tables.map(plainName).join(", ")} are not as they were when this was planned: somebody has changed them.`,
    "Plan the change anew from the tables as they are. The lines tell how they are.",
    { lines: catalog },
  );
}

async function runWay(
  session: SqlSession,
  plan: MigrationPlan,
  way: "up" | "down",
  { onStep }: ChangeOptions,
): Promise<void> {
  for (const [index, statement] of plan[way].entries()) {
    await onStep?.({ step: "statement", index, of: plan[way].length, statement });
    await runStatement(session, statement);
  }
  const found = await readCatalog(session, plan.tables);
  if (catalogDigest(found) === (way === "up" ? plan.catalogs.after : plan.catalogs.before)) return;
  throw new MigrationError(
    "PLAN_FAILED",
    "The statements ended with another schema than on the scratch database. Nothing was changed.",
    "Plan the change anew. The lines tell what the tables would have been.",
    { lines: found },
  );
}

async function finish(session: SqlSession, { onStep }: ChangeOptions): Promise<void> {
  // heard when the transaction is committed
  await session.exec("notify pgrst, 'reload schema'");
  await onStep?.({ step: "commit" });
}

async function refusePurged(session: SqlSession, plan: MigrationPlan): Promise<void> {
  for (const { sideTable } of plan.keeps.up) {
    const [row] = await session.query("select to_regclass($1) is null as gone", [sideTable]);
    if (row?.["gone"] !== true) continue;
    throw new MigrationError(
      "DROPPED_DATA_PURGED",
      `What this change dropped is no longer in ${plainName(sideTable)}.`,
      "The way back would bring back no data: plan a change to the earlier schema instead.",
    );
  }
}

async function filed(
  folder: string | undefined,
  work: (folder: string) => Promise<string[]>,
): Promise<Pick<ChangeReport, "files" | "fileError">> {
  if (folder === undefined) return { files: [], fileError: null };
  try {
    return { files: await work(folder), fileError: null };
  } catch (error) {
    return { files: [], fileError: messageOf(error) };
  }
}
