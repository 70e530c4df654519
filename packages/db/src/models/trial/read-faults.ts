import { type DataModelCreate, type ErrorIssue, quoteIdentifier } from "@waybill/contracts";
import type { CompiledModel } from "../compile-model.ts";
import type { SqlSession } from "../migrations/sql-session.ts";
import { shapeOf } from "../model-shape.ts";
import { inWords, type ModelTrial, namesTable } from "./model-trial.ts";
import { refusalOf } from "./refusal.ts";

/**
 * What Postgres finds in policies only when a table is used: one that reads its own table has no end, and one that reads
 * a table without a grant refuses everybody. Statements are planned for this, and not run.
 */
export async function readFaults(
  session: SqlSession,
  compiled: CompiledModel,
  model: DataModelCreate,
): Promise<ModelTrial> {
  const issues: ErrorIssue[] = [];
  const warnings: ErrorIssue[] = [];
  const [key = ""] = shapeOf(model).key;
  const column = quoteIdentifier(key);
  const { table } = compiled;
  const uses = [
    `select from ${table}`,
    `insert into ${table} default values`,
    `update ${table} set ${column} = ${column}`,
    `delete from ${table}`,
  ];
  for (const role of rolesOf(compiled, table)) {
    for (const sql of uses) {
      const refusal = await refusalOf(session, `set local role ${role}; explain ${sql}; reset role`);
      if (refusal === null) continue;
      const { sqlstate, message } = refusal;
      const isDenied = sqlstate === "42501";
      const other = isDenied ? /\btable (\S+)$/.exec(message)?.[1] : undefined;
      const field = policyNaming(compiled, other === undefined ? table : `public.${quoteIdentifier(other)}`);
      if (isDenied) {
        const said = `must read tables that ${role} may read, or every use of ${table} is refused; Postgres says: ${message}`;
        warnings.push({ field, rule: "lockout", message: said });
      } else issues.push({ field, rule: sqlstate, message: inWords(refusal), layer: "database" });
    }
  }
  return { issues: distinct(issues), warnings: distinct(warnings) };
}

/** Of those who call, whom the table is granted to. */
function rolesOf({ create }: CompiledModel, table: string): string[] {
  const granted = create.find((sql) => sql.startsWith(`grant select, insert, update, delete on table ${table} to `));
  return granted?.split(" to ").at(-1)?.split(", ") ?? [];
}

function policyNaming({ link, origins }: CompiledModel, table: string): string {
  const at = link.findIndex((sql) => {
    const condition = sql.startsWith("create policy") ? sql.slice(sql.indexOf("\n")) : "";
    return namesTable(condition, table);
  });
  return origins.link[at] ?? "rls_policies";
}

function distinct(issues: readonly ErrorIssue[]): ErrorIssue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}
