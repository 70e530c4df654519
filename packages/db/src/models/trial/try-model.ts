import { type DataModelCreate, type ErrorIssue, quoteIdentifier } from "@waybill/contracts";
import { compileModel, type CompiledModel } from "../compile-model.ts";
import { shapeOf } from "../model-shape.ts";
import { inScratch, type ScratchDatabase, type SqlSession } from "../migrations/sql-session.ts";
import { inWords, type ModelTrial, namesTable } from "./model-trial.ts";
import { lockouts } from "./lockouts.ts";
import { readFaults } from "./read-faults.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { refusedParts } from "./statement-parts.ts";

export interface TryModelOptions {
  /** An empty database, which is left as it was. */
  readonly scratch: ScratchDatabase;
  readonly model: DataModelCreate;
  /** All models that it may refer to; one of the same name is ignored. */
  readonly others: readonly DataModelCreate[];
  /** A user's id: whether this one, as the author of a row, reaches it again. Without it that is not tried. */
  readonly author?: string;
  /** Default 10 s. */
  readonly deadlineMs?: number;
}

/**
 * Makes a model's table on a scratch database, with its indexes, foreign keys and policies, and tells what Postgres has
 * against it in Postgres' own words. What the compiler has against it comes first, and then Postgres is not asked.
 *
 * @throws MigrationError `MIGRATION_TIMEOUT`
 */
export async function tryModel(options: TryModelOptions): Promise<ModelTrial> {
  const { scratch, model, others, author, deadlineMs = 10_000 } = options;
  const result = await compileModel(model, others);
  if (!result.ok) return { issues: result.issues, warnings: [] };
  const { compiled } = result;
  return inScratch(scratch, "Trying the model", deadlineMs, async (session) => {
    const policies = await makeOthers(session, compiled, model, others);
    const made = await makeAll(session, compiled, shapeOf(model).columns);
    for (const sql of policies) await refusalOf(session, sql);
    const all = made.issues.length > 0 || made.warnings.length > 0;
    const read = all ? { issues: [], warnings: [] } : await readFaults(session, compiled, model);
    const issues = [...made.issues, ...read.issues];
    const warnings = [...compiled.warnings, ...made.warnings, ...read.warnings];
    if (issues.length > 0 || warnings.length > compiled.warnings.length || author === undefined) {
      return { issues, warnings };
    }
    return { issues, warnings: [...warnings, ...(await lockouts(session, compiled, model, author))] };
  });
}

/** The tables that the model's own refers to; what of them cannot be made will be missed. Answers their policies. */
async function makeOthers(
  session: SqlSession,
  compiled: CompiledModel,
  model: DataModelCreate,
  others: readonly DataModelCreate[],
): Promise<string[]> {
  const known = others.filter(({ model_name }) => model_name !== model.model_name);
  const linked: string[] = [];
  for (const other of known) {
    const table = `public.${quoteIdentifier(other.table_name)}`;
    if (!compiled.link.some((sql) => namesTable(sql, table))) continue;
    const result = await compileModel(other, [...known, model]);
    if (!result.ok) continue;
    const { create, link } = result.compiled;
    if ((await refusalOf(session, create.join(";\n"))) === null) {
      linked.push(...link.filter((sql) => sql.startsWith("create policy")));
    }
  }
  return linked;
}

async function makeAll(session: SqlSession, compiled: CompiledModel, columns: readonly string[]): Promise<ModelTrial> {
  const statements = [...compiled.create, ...compiled.link];
  const origins = [...compiled.origins.create, ...compiled.origins.link];
  const issues: ErrorIssue[] = [];
  const warnings: ErrorIssue[] = [];
  // nearly always all is well, and one turn tells so
  if ((await refusalOf(session, statements.join(";\n"))) === null) return { issues, warnings };
  for (const [index, sql] of statements.entries()) {
    const refusal = await refusalOf(session, sql);
    if (refusal === null) continue;
    for (const { field, ...said } of await refusedParts(session, sql, origins[index] ?? "fields", refusal, columns)) {
      if (isOfElsewhere(said)) warnings.push(untried(field, said));
      else issues.push({ field, rule: said.sqlstate, message: inWords(said), layer: "database" });
    }
    // without its table nothing else can be tried
    if (index === 0) break;
  }
  return { issues, warnings };
}

/** A table or a function of the project's own, which the scratch database does not have. */
function isOfElsewhere({ sqlstate, message }: Refusal): boolean {
  return sqlstate === "42P01" || (sqlstate === "42883" && message.startsWith("function public."));
}

function untried(field: string, { message }: Refusal): ErrorIssue {
  const hint = "the scratch database has no tables but those of models, and no functions of the project";
  return { field, rule: "untried", message: `could not be tried, for Postgres says: ${message}; ${hint}` };
}
