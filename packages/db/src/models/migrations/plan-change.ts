import { randomBytes } from "node:crypto";
import { lockModes, type LockMode } from "@waybill/contracts";
import { catalogDifference, catalogDigest, readCatalog, tablesIn, type Catalog } from "./catalog.ts";
import { actionsBetween, readFacts, type DeltaAction, type Facts } from "./delta.ts";
import { indexRenames, readIndexes } from "./index-renames.ts";
import { lossesBetween, type Loss } from "./kept-data.ts";
import { isRefusal, MigrationError, messageOf, sqlstateOf, stopped } from "./migration-error.ts";
import { fingerprintOf, type MigrationPlan, type Statement } from "./migration-plan.ts";
import { plainName } from "./names.ts";
import { renamingOf, type Rename, type RenameStep } from "./renames.ts";
import { insertRows, type SampleRows } from "./sample-rows.ts";
import { readShape, type Shape } from "./shape.ts";
import { inScratch, takenBack, type ScratchDatabase, type SqlSession } from "./sql-session.ts";
import { draftsOf, type Draft } from "./statements.ts";
import { tryOut } from "./try-out.ts";

export interface PlanOptions {
  /** An empty database, which is left as it was. */
  readonly scratch: ScratchDatabase;
  /** SQL that makes the tables as they are, with all that they refer to. */
  readonly before: string;
  /** SQL that makes them as they shall be. */
  readonly after: string;
  readonly renames?: readonly Rename[];
  /** Rows of the tables as they are, to find out whether such rows fit. */
  readonly rows?: SampleRows;
  /** Default 60 s. */
  readonly deadlineMs?: number;
}

interface State {
  readonly tables: readonly string[];
  readonly catalog: Catalog;
  readonly shape: Shape;
}

/**
 * Plans the change from one schema to another, and the way back. Both have been run on the scratch database when this
 * returns, and ended where they should.
 *
 * @throws MigrationError `SCHEMA_INVALID`, `RENAME_UNKNOWN`, `CHANGE_UNSUPPORTED`, `ROWS_DO_NOT_FIT`, `PLAN_FAILED`,
 *   `MIGRATION_TIMEOUT`
 */
export function planChange(options: PlanOptions): Promise<MigrationPlan> {
  const { scratch, before, after, renames = [], rows = {}, deadlineMs = 60_000 } = options;
  return inScratch(scratch, "Planning the change", deadlineMs, async (session) => {
    const system = new Set(await tablesIn(session));
    const [user] = await session.query("select current_user::text as name");
    const owner = String(user?.["name"]);

    const desired = await takenBack(session, async () => {
      await makeSchema(session, "after", after);
      const state = await readState(session, system);
      return { ...state, facts: await readFacts(session), indexes: await readIndexes(session, state.tables) };
    });
    await makeSchema(session, "before", before);
    const current = await readState(session, system);
    const renaming = await renamingOf(session, renames, current.shape, desired.shape);
    const renamed = await takenBack(session, async () => {
      for (const { sql } of renaming.up) await session.exec(sql);
      const { tables } = await readState(session, system);
      const indexes = indexRenames(await readIndexes(session, tables), desired.indexes);
      for (const { sql } of indexes.up) await session.exec(sql);
      return { ...(await readState(session, system)), facts: await readFacts(session), renames: indexes };
    });

    const id = randomBytes(4).toString("hex");
    const ways = await bothWays(renamed, desired, owner, id);
    const upDrafts = [...[...renaming.up, ...renamed.renames.up].map(renameDraft), ...ways.up];
    const downDrafts = [...ways.down, ...[...renamed.renames.down, ...renaming.down].map(renameDraft)];
    const all = [...new Set([...current.tables, ...renamed.tables, ...desired.tables])];
    const tables = touchedBy([...upDrafts, ...downDrafts]);
    await insertRows(session, current.shape, rows);
    const up = await tryOut(session, upDrafts);
    await mustBe(session, "The way to the new schema", all, desired.catalog);
    const catalogAfter = catalogDigest(await readCatalog(session, tables));
    const down = await tryOut(session, downDrafts);
    await mustBe(session, "The way back", all, current.catalog);
    const catalogBefore = catalogDigest(await readCatalog(session, tables));

    const oldName = (table: string): string => renaming.tables.get(table)?.was ?? table;
    const plan = {
      id,
      before,
      after,
      up,
      down,
      tables,
      locks: {
        up: locksOf(up, current.tables, oldName),
        down: locksOf(down, desired.tables, (table) => table),
      },
      keeps: { up: ways.losses.map(kept), down: ways.backLosses.map(kept) },
      catalogs: { before: catalogBefore, after: catalogAfter },
      renamed: [...renaming.tables].map(([table, known]) => ({ table, ...known })),
    };
    return { ...plan, fingerprint: fingerprintOf(plan) };
  });
}

/** Makes the tables of a schema in an empty database. */
export async function makeSchema(session: SqlSession, which: "before" | "after", sql: string): Promise<void> {
  try {
    await session.exec(sql);
  } catch (error) {
    if (!isRefusal(error)) throw stopped(error, "Making the tables on the scratch database");
    throw new MigrationError(
      "SCHEMA_INVALID",
      `Postgres refuses the schema ${which} the change: ${messageOf(error)}.`,
      "Correct the model that it comes from.",
      { sqlstate: sqlstateOf(error), cause: error },
    );
  }
}

async function readState(session: SqlSession, system: ReadonlySet<string>): Promise<State> {
  const tables = (await tablesIn(session)).filter((table) => !system.has(table));
  return { tables, catalog: await readCatalog(session, tables), shape: await readShape(session, tables) };
}

type Known = State & { readonly facts: Facts };

async function bothWays(from: Known, to: Known, owner: string, planId: string) {
  const there = await actionsBetween(from.facts, to.facts, owner);
  const back = await actionsBetween(to.facts, from.facts, owner);
  const losses = lossesBetween(from.shape, to.shape, replacedBy(there), planId);
  // the sides must not meet in one side table
  const backLosses = lossesBetween(to.shape, from.shape, replacedBy(back), planId, "back_");
  for (const loss of [...losses, ...backLosses]) refuseKeyless(loss);
  return {
    losses,
    backLosses,
    up: draftsOf({ from: from.shape, to: to.shape, actions: there, losses, restores: backLosses, planId }),
    down: draftsOf({ from: to.shape, to: from.shape, actions: back, losses: backLosses, restores: losses, planId }),
  };
}

function replacedBy(actions: readonly DeltaAction[]): Set<string> {
  return new Set(
    actions.flatMap(({ object, verb, table, name }) =>
      object === "column" && verb === "drop" ? [`${table}.${name}`] : [],
    ),
  );
}

function refuseKeyless({ kind, key, table, column }: Loss): void {
  if (kind === "table" || key.length > 0) return;
  throw new MigrationError(
    "CHANGE_UNSUPPORTED",
    `The values of ${plainName(table)}.${column} could not be brought back: no primary key outlasts the change.`,
    "Change the primary key in a step of its own, in which no column is dropped, added or narrowed.",
  );
}

function renameDraft({ kind, table, sql }: RenameStep): Draft {
  // a name of their own is all that an index and a sequence lock
  const lock = kind === "rename index" || kind === "rename sequence" ? null : "ACCESS EXCLUSIVE";
  return { kind, sql, table, lock, alsoLocks: [], scans: false, loses: null, misfits: null, otherwise: null };
}

async function mustBe(session: SqlSession, what: string, tables: readonly string[], expected: Catalog): Promise<void> {
  const found = await readCatalog(session, tables);
  if (catalogDigest(found) === catalogDigest(expected)) return;
  throw new MigrationError(
    "PLAN_FAILED",
    `${what} ends elsewhere.`,
    "Make the change in two steps; the lines tell what is missing.",
    { lines: catalogDifference(found, expected) },
  );
}

/** What others do to tables that the plan leaves alone is no affair of its. */
function touchedBy(drafts: readonly Draft[]): string[] {
  return [...new Set(drafts.flatMap(({ table, alsoLocks }) => (table === null ? [] : [table, ...alsoLocks])))].sort();
}

/** The strongest lock on each table that is there when the way begins. */
function locksOf(
  statements: readonly Statement[],
  there: readonly string[],
  nameThen: (table: string) => string,
): { table: string; mode: LockMode }[] {
  const strongest = new Map<string, LockMode>();
  for (const { table, lock, alsoLocks } of statements) {
    if (table === null || lock === null) continue;
    for (const name of [table, ...alsoLocks].map(nameThen)) {
      const known = strongest.get(name);
      if (known === undefined || lockModes.indexOf(lock) < lockModes.indexOf(known)) strongest.set(name, lock);
    }
  }
  return [...strongest]
    .filter(([table]) => there.includes(table))
    .map(([table, mode]) => ({ table, mode }))
    .sort((a, b) => (a.table < b.table ? -1 : 1));
}

function kept({ sideTable, table, column }: Loss): MigrationPlan["keeps"]["up"][number] {
  return { sideTable, table, column };
}
