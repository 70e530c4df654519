import { type DataModelCreate, type ErrorIssue, quoteIdentifier } from "@waybill/contracts";
import { checkFields } from "@waybill/contracts/json-schema";
import { columnFaults } from "./column-faults.ts";
import { type ColumnCheck, columnChecks, type ServerOnly } from "./checks.ts";
import { columnDefault } from "./defaults.ts";
import { foreignKeyFaults, requiredCycle } from "./foreign-key-faults.ts";
import { type ForeignKey, foreignKeyNames, foreignKeysOf } from "./foreign-keys.ts";
import { indexesOf, indexFaults, indexStatement, keyFaults, type PlannedIndex, primaryKeyName } from "./indexes.ts";
import { columnList, type ModelShape, shapeOf } from "./model-shape.ts";
import { distinctNameOf } from "./names.ts";
import { nameFaults } from "./name-faults.ts";
import { lockoutWarnings, type PlannedPolicy, policiesOf, policyStatement } from "./policies.ts";

/** A model as declarative SQL: the same model always gives the same statements, each without a semicolon. */
export interface CompiledModel {
  readonly model_name: string;
  /** `public.routes`, quoted where need be. */
  readonly table: string;
  /** Need no other table: the table, its indexes, row level security and grants. */
  readonly create: readonly string[];
  /** Need the tables that the model refers to: foreign keys and policies. */
  readonly link: readonly string[];
  /** The part of the model that each statement comes from: `indexes.0`, `rls_policies.2`, else `fields`. */
  readonly origins: { readonly create: readonly string[]; readonly link: readonly string[] };
  /** What is allowed and most likely not meant. */
  readonly warnings: readonly ErrorIssue[];
  /** Keywords that the database does not hold. */
  readonly serverOnly: readonly ServerOnly[];
}

export type CompileResult =
  | { readonly ok: true; readonly compiled: CompiledModel }
  | { readonly ok: false; readonly issues: readonly ErrorIssue[] };

/**
 * Compiles a model to SQL, or names every reason why that cannot be. `others` are all models that it refers to or that
 * refer to it; one of the same name is ignored, so that the whole registry can be given. Reads no database.
 */
export async function compileModel(model: DataModelCreate, others: readonly DataModelCreate[]): Promise<CompileResult> {
  const unreadable = checkFields(model.fields);
  if (unreadable.length > 0) return { ok: false, issues: unreadable };
  const shape = shapeOf(model);
  const shapes = [shape, ...others.filter(({ model_name }) => model_name !== model.model_name).map(shapeOf)];
  const keys = foreignKeysOf(shapes);
  const own = keys.keys.filter(({ owner }) => owner === shape);
  const mentioned = keys.keys.filter(({ owner, declaredBy }) => owner === shape || declaredBy === model);
  const indexes = indexesOf(shape, own);
  const checks = shape.columns.map((column) => columnChecks(shape, column));
  const { policies, issues: policyIssues } = policiesOf(shape);
  const columns = columnLines(shape);
  const statements = await conditionStatements(shape, indexes, policies);
  const issues = [
    ...columnFaults(shape),
    ...checks.flatMap(({ issues }) => issues),
    ...columns.issues,
    ...keyFaults(shape),
    ...keys.issues.filter((issue) => issue.model === model.model_name).map(({ model: _model, ...issue }) => issue),
    ...mentioned.flatMap((key) => foreignKeyFaults(key).map((issue) => ownIssue(issue, key, model))),
    ...cycleFaults(shape, keys.keys),
    ...indexes.flatMap((index) => indexFaults(shape, index)),
    ...nameFaults(shape, indexes, shapes, keys.keys),
    ...policyIssues,
    ...statements.issues,
  ];
  if (issues.length > 0) return { ok: false, issues: unique(issues) };
  const held = checks.flatMap(({ checks }) => checks);
  const granted = grants(shape, policies);
  return {
    ok: true,
    compiled: {
      model_name: model.model_name,
      table: shape.table,
      create: [
        tableStatement(shape, columns.lines, held),
        ...statements.indexes,
        `alter table ${shape.table} enable row level security`,
        ...granted,
      ],
      link: [...foreignKeyStatements(own), ...statements.policies],
      origins: {
        create: ["fields", ...indexes.map(({ field }) => field), "rls_policies", ...granted.map(() => "rls_policies")],
        link: [
          ...own.map(({ declaredBy, field }) => (declaredBy === model ? field : "relationships")),
          ...policies.map(({ field }) => field),
        ],
      },
      warnings: lockoutWarnings(policies),
      serverOnly: [...rootServerOnly(model), ...checks.flatMap(({ serverOnly }) => serverOnly)],
    },
  };
}

/** Compiled models as one script: first every table, then what ties them together. */
export function ddlOf(models: readonly CompiledModel[]): string {
  const ordered = models.toSorted((a, b) => (a.table < b.table ? -1 : 1));
  const statements = [...ordered.flatMap(({ create }) => create), ...ordered.flatMap(({ link }) => link)];
  return statements.map((statement) => `${statement};\n`).join("\n");
}

function columnLines(shape: ModelShape): { lines: readonly string[]; issues: readonly ErrorIssue[] } {
  const issues: ErrorIssue[] = [];
  const lines = shape.columns.flatMap((column) => {
    const type = shape.types.get(column);
    if (type === undefined) return [];
    const filled = columnDefault(shape, column, type);
    if ("issue" in filled) {
      issues.push(filled.issue);
      return [];
    }
    const always = filled.sql === null ? "" : ` default ${filled.sql}`;
    return [`${quoteIdentifier(column)} ${type.name}${always}${shape.nullable.has(column) ? "" : " not null"}`];
  });
  return { lines, issues };
}

function tableStatement(shape: ModelShape, lines: readonly string[], checks: readonly ColumnCheck[]): string {
  const taken = new Set([primaryKeyName(shape)]);
  const constraints = checks.map(({ column, keyword, condition }) => {
    const word = keyword.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const name = distinctNameOf(taken, shape.model.table_name, column, word);
    taken.add(name);
    return `constraint ${quoteIdentifier(name)} check (${condition})`;
  });
  const key = `constraint ${quoteIdentifier(primaryKeyName(shape))} primary key ${columnList(shape.key)}`;
  return `create table ${shape.table} (\n  ${[...lines, key, ...constraints].join(",\n  ")}\n)`;
}

async function conditionStatements(
  shape: ModelShape,
  indexes: readonly PlannedIndex[],
  policies: readonly PlannedPolicy[],
) {
  const issues: ErrorIssue[] = [];
  const made: { indexes: string[]; policies: string[] } = { indexes: [], policies: [] };
  for (const index of indexes) {
    const statement = await indexStatement(shape, index);
    if (typeof statement === "string") made.indexes.push(statement);
    else issues.push(statement);
  }
  for (const policy of policies) {
    const statement = await policyStatement(shape, policy);
    if (typeof statement === "string") made.policies.push(statement);
    else issues.push(...statement);
  }
  return { ...made, issues };
}

/**
 * A hosted project's default privileges let both roles of callers do everything. Who has no policy keeps nothing of it,
 * so that it is refused instead of seeing no rows; who has one does not keep TRUNCATE, which asks no policy.
 */
function grants({ table }: ModelShape, policies: readonly PlannedPolicy[]): string[] {
  const named = new Set(policies.flatMap(({ policy }) => policy.roles));
  const callers = (["anon", "authenticated"] as const).filter((role) => named.has(role) || named.has("public"));
  const toCallers = `grant select, insert, update, delete on table ${table} to ${callers.join(", ")}`;
  return [
    `revoke all on table ${table} from anon, authenticated`,
    ...(callers.length === 0 ? [] : [toCallers]),
    `grant all on table ${table} to service_role`,
  ];
}

function foreignKeyStatements(keys: readonly ForeignKey[]): string[] {
  const names = foreignKeyNames(keys);
  return keys.map((key, index) => {
    const name = quoteIdentifier(names[index] ?? "");
    const from = `alter table ${key.owner.table} add constraint ${name} foreign key ${columnList(key.columns)}`;
    return `${from} references ${key.target.table} ${columnList(key.references)} on delete ${key.onDelete}`;
  });
}

/** What another model asks of this one's table stands in no field of this one. */
function ownIssue(issue: ErrorIssue, key: ForeignKey, model: DataModelCreate): ErrorIssue {
  if (key.declaredBy === model) return issue;
  const said = `${key.declaredBy.model_name}.${key.relation}`;
  return { ...issue, field: "relationships", message: `${issue.message} (asked by ${said})` };
}

function cycleFaults(shape: ModelShape, keys: readonly ForeignKey[]): ErrorIssue[] {
  const cycle = requiredCycle(shape, keys);
  const [first] = cycle ?? [];
  if (cycle === null || first === undefined) return [];
  const way = [shape.model.model_name, ...cycle.map(({ target }) => target.model.model_name)].join(" → ");
  const message = `must not require each other: ${way}, so no first row could be inserted; make one of the columns optional`;
  const field = first.declaredBy === shape.model ? `${first.field}.columns` : "relationships";
  return [{ field, rule: "relationship", message }];
}

/** Keywords that speak of the whole row. */
const heldOfRow = new Set(["$defs", "$schema", "$comment", "additionalProperties", "description", "examples"]);
const heldWords = new Set([...heldOfRow, "properties", "required", "title", "type", "x-primary-key"]);

function rootServerOnly(model: DataModelCreate): ServerOnly[] {
  return Object.keys(model.fields)
    .filter((keyword) => !heldWords.has(keyword))
    .sort()
    .map((keyword) => ({ field: `fields.${keyword}`, keyword, reason: "it speaks of the row as a whole" }));
}

function unique(issues: readonly ErrorIssue[]): ErrorIssue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}
