import { MigrationError } from "./migration-error.ts";
import type { Statement } from "./migration-plan.ts";
import { plainName } from "./names.ts";
import { runStatement } from "./run-statement.ts";
import type { SqlSession } from "./sql-session.ts";
import type { Draft } from "./statements.ts";

/** Runs each statement of a way once, and tells which of them write a table anew: Postgres gives it another file then. */
export async function tryOut(session: SqlSession, drafts: readonly Draft[]): Promise<Statement[]> {
  const statements: Statement[] = [];
  let files = await filesOf(session);
  for (const { otherwise, ...draft } of drafts) {
    const sql = await runEither(session, draft, otherwise);
    const next = await filesOf(session);
    const rewrites = [...next].some(([table, file]) => files.has(table) && files.get(table) !== file);
    files = next;
    // to a type of the same form nothing is read
    const scans = draft.kind === "change type" ? rewrites : draft.scans;
    statements.push({ ...draft, sql, scans, rewrites, effect: effectOf({ ...draft, scans }, rewrites) });
  }
  return statements;
}

async function runEither(
  session: SqlSession,
  draft: Omit<Draft, "otherwise">,
  otherwise: string | null,
): Promise<string> {
  try {
    await runStatement(session, draft);
    return draft.sql;
  } catch (error) {
    // no assignment from the one type to the other: by an explicit cast, then
    if (otherwise === null || !(error instanceof MigrationError) || error.sqlstate !== "42804") throw error;
    await runStatement(session, { ...draft, sql: otherwise });
    return otherwise;
  }
}

async function filesOf(session: SqlSession): Promise<Map<string, string>> {
  const rows = await session.query(`
    select c.oid::text as table, pg_relation_filenode(c.oid)::text as file
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`);
  return new Map(rows.map((row) => [String(row["table"]), String(row["file"])]));
}

function effectOf({ kind, table, lock, scans }: Omit<Draft, "otherwise">, rewrites: boolean): string {
  if (table === null || lock === null) return "Nobody waits for it.";
  const name = plainName(table);
  if (kind === "restore data")
    return `Puts back what this change kept of ${name} on its way the other way, if anything.`;
  if (kind === "keep data") return `Copies what will be dropped of ${name}, whose lock is held by then.`;
  const who = {
    "ACCESS EXCLUSIVE": `Reads and writes of ${name} wait`,
    "SHARE ROW EXCLUSIVE": `Writes to ${name} wait`,
    SHARE: `Writes to ${name} wait`,
    "SHARE UPDATE EXCLUSIVE": `Only other changes of ${name} wait`,
    "ROW EXCLUSIVE": `Only other changes of ${name} wait`,
    "ACCESS SHARE": `Only other changes of ${name} wait`,
  }[lock];
  if (rewrites) return `${who} while the whole table is written anew.`;
  return scans ? `${who} while the whole table is read.` : `${who} for a moment.`;
}
