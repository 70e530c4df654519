import { type DataModelCreate, importTableLimit, type JsonObject } from "@waybill/contracts";
import { isWaybillTable } from "../waybill-tables.ts";
import { inLiveRead, type LiveReadOptions } from "../migrations/live-read.ts";
import { MigrationError } from "../migrations/migration-error.ts";
import type { SqlSession } from "../migrations/sql-session.ts";
import { compilingDrafts, type Draft, parsedDraft } from "./fitting.ts";
import { importedFields } from "./imported-fields.ts";
import {
  importedIndexes,
  importedPolicies,
  importedRelationships,
  type Targets,
  targetOf,
  unsaidOfTable,
} from "./imported-parts.ts";
import { type ExistingTable, readTables } from "./read-tables.ts";

export interface ImportOptions extends LiveReadOptions {
  /** Names of tables in `public`; left out, all that are neither Waybill's nor a model's already. */
  readonly tables?: readonly string[];
  /** The models that are there: foreign keys may lead to their tables. */
  readonly models?: readonly DataModelCreate[];
}

export interface ImportedTable {
  readonly table: string;
  /** Null where the table cannot be a model at all; the notes say why. */
  readonly draft: DataModelCreate | null;
  /** What the draft does not say, or says otherwise than the table; in words. */
  readonly notes: readonly string[];
}

/**
 * Reads existing tables into drafts of models, each with notes on all that a model cannot say, and those first that others
 * refer to. Writes nothing.
 *
 * @throws MigrationError `CHANGE_UNSUPPORTED` for what is no table that can be imported, by its name, and for too many;
 *   `MIGRATION_BUSY`, `MIGRATION_TIMEOUT`, `DATABASE_UNREACHABLE`
 */
export async function importTables({ tables, models = [], ...live }: ImportOptions): Promise<ImportedTable[]> {
  const existing = await inLiveRead(live, async (session) => {
    const names = tables ?? (await tablesToImport(session, models));
    await refuseOthers(session, names);
    return readTables(session, names);
  });
  const own = new Map(existing.map((table) => [table.name, { model_name: table.name, key: table.key?.columns ?? [] }]));
  const targets: Targets = new Map([...models.map((model) => [model.table_name, targetOf(model)] as const), ...own]);
  const drafts: Draft[] = [];
  for (const table of existing) drafts.push(await draftOf(table, targets));
  const others = models.filter(({ table_name }) => !existing.some(({ name }) => name === table_name));
  const fitted = await compilingDrafts(drafts, others);
  const imported = existing.map(({ name }, at): ImportedTable => {
    const { model, notes } = fitted[at] ?? { model: null, notes: [] };
    const already = models.flatMap(({ table_name, model_name }) => {
      if (table_name === name) return [`the table is that of the model ${model_name} already`];
      return model_name === name ? [`there is a model ${name} already, of another table: rename the draft`] : [];
    });
    return { table: name, draft: model, notes: [...already, ...notes] };
  });
  return inOrder(imported);
}

/** Those first that others refer to, by name otherwise: so the drafts can be declared one after the other. */
function inOrder(imported: readonly ImportedTable[]): ImportedTable[] {
  const left = new Map(imported.map((one) => [one.table, one]));
  const ordered: ImportedTable[] = [];
  while (left.size > 0) {
    const free = [...left.values()].find(({ table, draft }) =>
      (draft?.relationships ?? []).every(({ model }) => model === table || !left.has(model)),
    );
    // of tables that refer to each other none is the first
    const [next] = free === undefined ? left.values() : [free];
    if (next === undefined) break;
    ordered.push(next);
    left.delete(next.table);
  }
  return ordered;
}

async function draftOf(table: ExistingTable, targets: Targets): Promise<Draft> {
  if (table.key === null) {
    return { model: null, notes: ["the table has no primary key, and every model has one: add one first"] };
  }
  const { fields, columns, notes } = await importedFields(table);
  const relationships = importedRelationships(table, columns, targets);
  const indexes = importedIndexes(table, columns);
  const policies = importedPolicies(table);
  const orNull = (parts: readonly JsonObject[]) => (parts.length === 0 ? null : [...parts]);
  const definition = {
    model_name: table.name,
    table_name: table.name,
    schema_version: "1.0.0",
    fields,
    relationships: orNull(relationships.parts),
    validation_rules: null,
    indexes: orNull(indexes.parts),
    rls_policies: orNull(policies.parts),
  };
  const unsaid = unsaidOfTable(table, policies.parts);
  return parsedDraft(definition, [...notes, ...relationships.notes, ...indexes.notes, ...policies.notes, ...unsaid]);
}

async function tablesToImport(session: SqlSession, models: readonly DataModelCreate[]): Promise<string[]> {
  const rows = await session.query(
    `select c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition
      and not exists (select from pg_inherits i where i.inhrelid = c.oid)
      and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
    order by c.relname collate "C"`,
  );
  const taken = new Set(models.map(({ table_name }) => table_name));
  return rows.map((row) => String(row["name"])).filter((name) => !isWaybillTable(name) && !taken.has(name));
}

const kinds: Readonly<Record<string, string>> = {
  v: "a view",
  m: "a materialized view",
  f: "a foreign table",
  p: "partitioned",
  S: "a sequence",
  i: "an index",
  I: "an index",
  c: "a type",
};

async function refuseOthers(session: SqlSession, names: readonly string[]): Promise<void> {
  if (names.length > importTableLimit) {
    const message = `${names.length} tables are too many for one import: at most ${importTableLimit}.`;
    throw new MigrationError("CHANGE_UNSUPPORTED", message, "Name the tables, and import them in several calls.");
  }
  const rows = await session.query(
    `select c.relname as name, c.relkind::text as kind, c.relispartition as part,
      exists (select from pg_inherits i where i.inhrelid = c.oid) as heir
    from pg_class c join jsonb_array_elements_text($1::text::jsonb) as given (name) on given.name = c.relname
    where c.relnamespace = 'public'::regnamespace`,
    [JSON.stringify(names)],
  );
  const lines = names.flatMap((name) => {
    const row = rows.find((one) => one["name"] === name);
    if (row === undefined) return [`public.${name} is not there`];
    if (isWaybillTable(name)) return [`public.${name} is a table of Waybill itself`];
    const kind = kinds[String(row["kind"])];
    if (kind !== undefined) return [`public.${name} is ${kind}`];
    if (row["part"] === true) return [`public.${name} is a partition`];
    return row["heir"] === true ? [`public.${name} inherits from another table`] : [];
  });
  const [first] = lines;
  if (first === undefined) return;
  const more = lines.length === 1 ? "" : `, and ${lines.length - 1} more`;
  throw new MigrationError(
    "CHANGE_UNSUPPORTED",
    `Only plain tables of public can be imported: ${first}${more}.`,
    "Leave out what the lines name.",
    { lines },
  );
}
