import { catalogDifference, catalogDigest, readCatalog, tablesIn, type Catalog } from "./catalog.ts";
import { MigrationError } from "./migration-error.ts";
import { fingerprintOf, type MigrationPlan, type Statement } from "./migration-plan.ts";
import { plainName } from "./names.ts";
import { makeSchema } from "./plan-change.ts";
import { runStatement } from "./run-statement.ts";
import { insertRows, missingRows, readRows, type ReadRow, type SampleRows } from "./sample-rows.ts";
import { readShape, type Shape } from "./shape.ts";
import { inScratch, takenBack, type ScratchDatabase, type SqlSession } from "./sql-session.ts";

export interface ProveOptions {
  /** An empty database, which is left as it was. */
  readonly scratch: ScratchDatabase;
  readonly plan: MigrationPlan;
  /** Rows of the tables as they are. Without any, only the schema is proven. */
  readonly rows?: SampleRows;
  /** Default 60 s. */
  readonly deadlineMs?: number;
}

export interface Proof {
  readonly fingerprint: string;
  /** What was run, in this order, each ending where the plan says. */
  readonly steps: readonly { readonly name: "up" | "down" | "up again" | "down again"; readonly ms: number }[];
  /** How many rows each table had. */
  readonly rows: Readonly<Record<string, number>>;
  /** What the plan said would be lost, in words. */
  readonly loses: readonly string[];
}

type Rows = ReadonlyMap<string, readonly ReadRow[]>;

/**
 * Runs a plan up, down, up and down again on a scratch database with rows. Each time the catalog must be that of the schema
 * meant. Rows keep on the way up what the plan does not say to be lost; back down, they have everything again; and up again
 * they are as they were up.
 *
 * @throws MigrationError `PROOF_FAILED` naming the step, `PLAN_CHANGED`, `ROWS_DO_NOT_FIT`, `PLAN_FAILED`, `MIGRATION_TIMEOUT`
 */
export async function proveChange({ scratch, plan, rows = {}, deadlineMs = 60_000 }: ProveOptions): Promise<Proof> {
  refuseChanged(plan);
  return inScratch(scratch, "Proving the change", deadlineMs, async (session) => {
    const system = new Set(await tablesIn(session));
    const after = await takenBack(session, async () => {
      await makeSchema(session, "after", plan.after);
      return stateOf(session, system);
    });
    await makeSchema(session, "before", plan.before);
    const before = await stateOf(session, system);
    await insertRows(session, before.shape, rows);
    const tables = async (): Promise<Rows> => {
      const names = await ownTables(session, system);
      return new Map(await inTurn(names, async (table) => [table, await readRows(session, table)] as const));
    };

    const steps: { name: Proof["steps"][number]["name"]; ms: number }[] = [];
    async function run(name: Proof["steps"][number]["name"], way: readonly Statement[], meant: Catalog): Promise<Rows> {
      const started = performance.now();
      for (const statement of way) await runStatement(session, statement);
      await session.exec("set constraints all immediate");
      const found = await readCatalog(session, await ownTables(session, system));
      if (catalogDigest(found) !== catalogDigest(meant)) {
        throw failed(name, "ends with another schema", catalogDifference(found, meant));
      }
      steps.push({ name, ms: Math.ceil(performance.now() - started) });
      return tables();
    }

    const rowsBefore = await tables();
    const rowsUp = await run("up", plan.up, after.catalog);
    mustSurvive(plan, before.shape, after.shape, rowsBefore, rowsUp);
    mustEqual("down", rowsBefore, await run("down", plan.down, before.catalog));
    await mustLeaveNothing(session, plan, "up");
    mustEqual("up again", rowsUp, await run("up again", plan.up, after.catalog));
    await mustLeaveNothing(session, plan, "down");
    mustEqual("down again", rowsBefore, await run("down again", plan.down, before.catalog));
    return {
      fingerprint: plan.fingerprint,
      steps,
      rows: Object.fromEntries([...rowsBefore].map(([table, list]) => [plainName(table), list.length])),
      loses: plan.up.flatMap(({ loses }) => loses ?? []),
    };
  });
}

/** @throws MigrationError `PLAN_CHANGED` when a plan is not what its fingerprint says */
export function refuseChanged(plan: MigrationPlan): void {
  if (fingerprintOf(plan) === plan.fingerprint) return;
  throw new MigrationError(
    "PLAN_CHANGED",
    "This plan is not the one that was made: its fingerprint does not fit.",
    "Plan the change anew, and apply exactly what was planned.",
  );
}

async function ownTables(session: SqlSession, system: ReadonlySet<string>): Promise<string[]> {
  return (await tablesIn(session)).filter((table) => !system.has(table));
}

async function stateOf(session: SqlSession, system: ReadonlySet<string>): Promise<{ catalog: Catalog; shape: Shape }> {
  const tables = await ownTables(session, system);
  return { catalog: await readCatalog(session, tables), shape: await readShape(session, tables) };
}

async function inTurn<In, Out>(list: readonly In[], work: (one: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const one of list) results.push(await work(one));
  return results;
}

/** On the way up a row keeps every column that stays with its type, and no row comes or goes. */
function mustSurvive(plan: MigrationPlan, before: Shape, after: Shape, rows: Rows, rowsUp: Rows): void {
  for (const [was, list] of rows) {
    const renamed = plan.renamed.find((one) => one.was === was);
    const now = renamed?.table ?? was;
    const shape = after.get(now);
    const found = rowsUp.get(now);
    if (shape === undefined || found === undefined) continue;
    const columns = shape.columns.flatMap(({ name, type, generated }) => {
      const oldName = renamed?.columns[name] ?? name;
      const old = before.get(was)?.columns.find((column) => column.name === oldName);
      const lost = plan.keeps.up.some((keep) => keep.table === now && keep.column === name);
      return old === undefined || old.type !== type || lost || generated ? [] : [{ name: oldName, otherName: name }];
    });
    const missing = missingRows(list, found, columns);
    if (missing > 0 || list.length !== found.length) {
      throw failed("up", `changes ${missing} of ${list.length} rows of ${plainName(was)} and does not say so`, []);
    }
  }
}

function mustEqual(step: Proof["steps"][number]["name"], expected: Rows, found: Rows): void {
  for (const [table, list] of expected) {
    const names = [...new Set(list.flatMap(Object.keys))].map((name) => ({ name, otherName: name }));
    const other = found.get(table) ?? [];
    const missing = missingRows(list, other, names);
    if (missing > 0 || list.length !== other.length) {
      throw failed(step, `does not bring back ${missing} of ${list.length} rows of ${plainName(table)}`, []);
    }
  }
}

/** Once restored, side tables are gone. */
async function mustLeaveNothing(session: SqlSession, plan: MigrationPlan, way: "up" | "down"): Promise<void> {
  for (const { sideTable } of plan.keeps[way]) {
    const [row] = await session.query("select to_regclass($1) is not null as there", [sideTable]);
    if (row?.["there"] === true) throw failed(way, `leaves ${plainName(sideTable)} behind`, []);
  }
}

function failed(step: string, what: string, lines: readonly string[]): MigrationError {
  return new MigrationError(
    "PROOF_FAILED",
    `The way ${step} ${what}.`,
    "Do not apply this plan. Make the change in smaller steps, and tell Waybill's makers of it.",
    { lines },
  );
}
