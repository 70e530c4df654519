import type { LockMode } from "@waybill/contracts";
import type { extract } from "@supabase/pg-delta/extract";
import type { Action } from "@supabase/pg-delta/plan";
import { MigrationError, messageOf } from "./migration-error.ts";
import { quoteIdent, tableName } from "./names.ts";
import type { SqlSession } from "./sql-session.ts";

/**
 * The only importer of pg-delta. See docs/decisions/migrations.md for what it is trusted with. It is loaded when a change is
 * planned: whoever only calls Supabase shall not pay its 20 MB.
 */

type Id = Action["produces"][number];
/** The state of a database as pg-delta has read it. */
export type Facts = Awaited<ReturnType<typeof extract>>["factBase"];
export type Fact = ReturnType<Facts["facts"]>[number];
export type FactId = Fact["id"];
export type FactEdge = Facts["edges"][number];

/** One statement of pg-delta's. */
export interface DeltaAction {
  readonly sql: string;
  readonly verb: Action["verb"];
  /** `table`, `column`, `constraint`, `index`, `policy`, `acl`, … */
  readonly object: string;
  readonly name: string | null;
  readonly table: string | null;
  readonly lock: LockMode | null;
}

/** Reads all that the database holds. `extract` wants a pool; all that it uses of one is `query` with a text. */
export async function readFacts(session: SqlSession): Promise<Facts> {
  const client = {
    // the transaction is ours, and goes on
    query: async (sql: string) => ({
      rows: /^(begin|commit|rollback)\b/i.test(sql) ? [] : await session.query(sql),
    }),
    release: () => undefined,
  };
  const delta = await import("@supabase/pg-delta/extract");
  await session.exec("savepoint waybill_extract");
  const { factBase } = await delta.extract({ connect: async () => client });
  // which takes back its settings
  await session.exec("rollback to savepoint waybill_extract; release savepoint waybill_extract");
  return factBase;
}

/** A state put together. What an edge leads to must be among the facts, or the edge is left out. */
export async function factsFrom(facts: readonly Fact[], edges: readonly FactEdge[]): Promise<Facts> {
  const { buildFactBase } = await import("@supabase/pg-delta/core");
  return buildFactBase([...facts], [...edges]);
}

/** What a model's table consists of. All else would go unproven, for no catalog of ours tells of it. */
export const knownObjects: ReadonlySet<string> = new Set([
  "table",
  "column",
  "default",
  "constraint",
  "index",
  "policy",
  "acl",
  "comment",
  "trigger",
  "sequence",
]);

const lockModes: Record<Action["lockClass"], LockMode | null> = {
  none: null,
  share: "SHARE",
  shareRowExclusive: "SHARE ROW EXCLUSIVE",
  shareUpdateExclusive: "SHARE UPDATE EXCLUSIVE",
  accessExclusive: "ACCESS EXCLUSIVE",
};

/** The way from one state to another. Who owns the tables, and the owner's own rights, are the affair of who applies it. */
export async function actionsBetween(from: Facts, to: Facts, owner: string): Promise<DeltaAction[]> {
  const { plan } = await import("@supabase/pg-delta/plan");
  let found;
  try {
    found = plan(from, to, { renames: "prompt" });
    // a renamed table's constraints and indexes follow; columns and tables are renamed only where the caller says so
    const followed = found.renameCandidates.filter(
      ({ kind, status }) => status === "unambiguous" && (kind === "constraint" || kind === "index"),
    );
    if (followed.length > 0) found = plan(from, to, { renames: "prompt", acceptRenames: followed });
  } catch (error) {
    throw new MigrationError(
      "CHANGE_UNSUPPORTED",
      `No way was found from one schema to the other: ${messageOf(error)}`,
      "Make the change in two steps.",
      { cause: error },
    );
  }
  const actions = found.actions.flatMap((action) => described(action, owner));
  for (const { object, sql } of actions) {
    if (knownObjects.has(object)) continue;
    throw new MigrationError(
      "CHANGE_UNSUPPORTED",
      `A change of models makes tables, columns, constraints, indexes, policies, triggers and grants, and no ${object}: ${sql.slice(0, 200)}`,
      "Put this into a migration of your own, before the models that need it.",
    );
  }
  return actions;
}

const ownership = /^ALTER (?:TABLE|SEQUENCE) (?:"(?:[^"]|"")*"\.?){2} OWNER TO "(?:[^"]|"")*"$/;

function described(action: Action, owner: string): DeltaAction[] {
  const ids = [...action.produces, ...action.destroys, ...action.consumes];
  const [id] = ids;
  if (id === undefined || ownership.test(action.sql)) return [];
  // several grants may have become one, which then belongs to its table
  const grants = /^(GRANT|REVOKE) /.test(action.sql);
  const sql = grants ? withoutOwner(action.sql, owner) : action.sql;
  if (sql === null) return [];
  return [
    {
      sql,
      verb: action.verb,
      object: grants ? "acl" : id.kind,
      name: "name" in id && !grants ? id.name : null,
      table: ids.map(tableOf).find((table) => table !== null) ?? null,
      lock: lockModes[action.lockClass],
    },
  ];
}

/** Without MAINTAIN too: Postgres knows it since version 17, and hosted projects are older. */
function withoutOwner(sql: string, owner: string): string | null {
  const match = /^(.*) (TO|FROM) ("(?:[^"]|"")*"(?:, "(?:[^"]|"")*")*|PUBLIC.*)$/s.exec(
    sql.replace(/MAINTAIN, |, MAINTAIN/, ""),
  );
  const [, start, word, roles] = match ?? [];
  if (start === undefined || roles === undefined) return sql;
  const left = roles.split(", ").filter((role) => role !== quoteIdent(owner));
  return left.length === 0 ? null : `${start} ${word} ${left.join(", ")}`;
}

function tableOf(id: Id): string | null {
  if ("target" in id) return tableOf(id.target);
  if (id.kind === "table") return tableName(id.schema, id.name);
  return "table" in id && "schema" in id ? tableName(id.schema, id.table) : null;
}
