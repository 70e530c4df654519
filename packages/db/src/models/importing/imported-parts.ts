import { columnNameSchema, type DataModelCreate, type JsonObject, primaryKeyOf } from "@waybill/contracts";
import type { ExistingTable } from "./read-tables.ts";

/** Parts of a model, as its contract will read them, and what of the table they do not say. */
export interface ImportedParts {
  readonly parts: readonly JsonObject[];
  readonly notes: readonly string[];
}

/** The models that foreign keys may lead to, by their tables. */
export type Targets = ReadonlyMap<string, { readonly model_name: string; readonly key: readonly string[] }>;

export function targetOf({ model_name, fields }: Pick<DataModelCreate, "model_name" | "fields">) {
  return { model_name, key: primaryKeyOf(fields) };
}

const onDelete: Readonly<Record<string, string>> = { a: "no action", r: "restrict", c: "cascade", n: "set null" };

/** Foreign keys as many-to-one relationships. */
export function importedRelationships(
  table: ExistingTable,
  columns: ReadonlySet<string>,
  targets: Targets,
): ImportedParts {
  const notes: string[] = [];
  const parts: JsonObject[] = [];
  const taken = new Set<string>();
  for (const key of table.foreignKeys) {
    const said = `the foreign key ${key.name}`;
    const target = key.schema === "public" ? targets.get(key.table) : undefined;
    const action = onDelete[key.onDelete];
    if (target === undefined) {
      const why = key.schema === "public" ? "import that table too" : "models refer to tables of public only";
      notes.push(`${said} is left out, since ${key.schema}.${key.table} is no model; ${why}`);
    } else if (action === undefined || !key.columns.every((column) => columns.has(column))) {
      notes.push(`${said} is left out, since no model can say it: ${key.definition}`);
    } else {
      if (!key.plain) notes.push(`${said} says more than a model can: ${key.definition}`);
      const name = relationName(table.name, key, taken);
      taken.add(name);
      const isKey = key.references.join() === target.key.join();
      parts.push({
        name,
        kind: "many-to-one",
        model: target.model_name,
        columns: key.columns,
        ...(isKey ? {} : { references: key.references }),
        on_delete: action,
      });
    }
  }
  return { parts, notes };
}

/** The name from which the compiler makes that of the constraint, where there is one. */
function relationName(
  table: string,
  { name, columns, table: other }: ExistingTable["foreignKeys"][number],
  taken: ReadonlySet<string>,
): string {
  const middle = name.startsWith(`${table}_`) && name.endsWith("_fkey") ? [name.slice(table.length + 1, -5)] : [];
  const wanted = [...middle, columns.join("_"), name, `to_${other}`];
  const numbered = Array.from({ length: taken.size + 1 }, (_, at) => `reference_${at + 1}`);
  const isFree = (one: string): boolean => !taken.has(one) && columnNameSchema.safeParse(one).success;
  return [...wanted, ...numbered].find(isFree) ?? name;
}

/** Unique constraints and indexes. */
export function importedIndexes(table: ExistingTable, columns: ReadonlySet<string>): ImportedParts {
  const notes: string[] = [];
  const parts: JsonObject[] = [];
  const add = (kind: string, one: { name: string; definition: string; columns: string[] }, part: JsonObject): void => {
    if (!one.columns.every((column) => columns.has(column))) {
      notes.push(`the ${kind} ${one.name} is left out with a column of it: ${one.definition}`);
      return;
    }
    const named = columnNameSchema.safeParse(one.name).success;
    if (!named)
      notes.push(`the ${kind} ${one.name} gets a name of Waybill's making, since a model cannot say that one`);
    parts.push({ ...(named ? { name: one.name } : {}), columns: one.columns, ...part });
  };
  for (const unique of table.uniques) {
    notes.push(`the constraint ${unique.name} becomes a unique index: ${unique.definition}`);
    if (!unique.plain) notes.push(`the constraint ${unique.name} says more than a model can`);
    add("constraint", unique, { unique: true, method: "btree" });
  }
  for (const index of table.indexes) {
    if (!index.plain) {
      notes.push(`the index ${index.name} is left out, since no model can say it: ${index.definition}`);
      continue;
    }
    const { unique, method, where } = index;
    add("index", index, { unique, method, ...(where === null ? {} : { where }) });
  }
  for (const { name, definition } of table.exclusions) {
    notes.push(`the constraint ${name} is left out, since no model can say it: ${definition}`);
  }
  return { parts, notes };
}

const commands: Readonly<Record<string, string>> = { r: "select", a: "insert", w: "update", d: "delete", "*": "all" };
const sayableRoles = new Set(["public", "anon", "authenticated", "service_role"]);

/** Policies; none at all where leaving one out would let somebody see more. */
export function importedPolicies({ policies }: ExistingTable): ImportedParts {
  const narrow = policies.find(({ permissive }) => !permissive);
  if (narrow !== undefined) {
    const note = `all ${policies.length} policies are left out, since ${narrow.name} is restrictive, which no model can say: a plan would leave the table to the service role`;
    return { parts: [], notes: [note] };
  }
  const notes: string[] = [];
  const parts: JsonObject[] = [];
  for (const { name, command, roles, using, check } of policies) {
    const unknown = roles.filter((role) => !sayableRoles.has(role));
    if (unknown.length > 0) {
      notes.push(`the policy ${name} is left out, since no model can say its role ${unknown.join(", ")}`);
      continue;
    }
    parts.push({
      name,
      command: commands[command] ?? command,
      roles,
      ...(using === null ? {} : { using }),
      ...(check === null ? {} : { check }),
    });
  }
  return { parts, notes };
}

const writing = "DELETE, INSERT, SELECT, UPDATE";
const everything = "DELETE, INSERT, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE";

/** The privileges that the compiler gives, as `compile-model.ts` has it. */
function grantsOfModel(policies: readonly JsonObject[]): string[] {
  const named = policies.flatMap(({ roles }) => (Array.isArray(roles) ? roles : []));
  const callers = ["anon", "authenticated"].filter((role) => named.includes(role) || named.includes("public"));
  return [...callers.map((role) => `${role}: ${writing}`), `service_role: ${everything}`];
}

/** What is of the table itself, and of no part of a model. */
export function unsaidOfTable(table: ExistingTable, policies: readonly JsonObject[]): string[] {
  const { name, key, comment, security, forced, unlogged, triggers, grants } = table;
  const notes: string[] = [];
  if (key !== null && !key.plain) notes.push(`the primary key ${key.name} says more than a model can`);
  if (key !== null && key.name !== `${name}_pkey`) notes.push(`the primary key ${key.name} would become ${name}_pkey`);
  if (!security)
    notes.push("row level security is off: a plan would turn it on, and then only policies let anybody in");
  if (forced) notes.push("row level security is forced on the owner, which no model can say");
  if (unlogged) notes.push("the table is unlogged, which no model can say");
  if (comment !== null) notes.push("the comment of the table is left out");
  for (const trigger of triggers) notes.push(`the trigger ${trigger} is left out, since no model can say it`);
  const given = grants.map(({ role, privileges }) => `${role}: ${privileges}`).join("; ");
  const meant = grantsOfModel(policies).join("; ");
  if (given !== meant) notes.push(`the grants (${given === "" ? "to nobody" : given}) would become ${meant}`);
  return notes;
}
