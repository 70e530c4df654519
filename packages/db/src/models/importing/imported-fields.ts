import {
  columnNameSchema,
  columnStorage,
  type JsonObject,
  type JsonValue,
  type PostgresType,
  postgresTypeOf,
} from "@waybill/contracts";
import { nameOf } from "../names.ts";
import { checkFindings } from "./imported-checks.ts";
import { type ColumnKeywords, merged } from "./column-keywords.ts";
import { importedDefault } from "./imported-default.ts";
import type { ExistingTable } from "./read-tables.ts";
import { readTerm } from "./term.ts";

type Column = ExistingTable["columns"][number];

/** The fields of a table, and what of its columns they do not say. */
export interface ImportedFields {
  readonly fields: JsonObject;
  /** Columns that are in the fields. */
  readonly columns: ReadonlySet<string>;
  readonly notes: readonly string[];
}

/** Reads columns, defaults, CHECKs and the key into a JSON Schema. */
export async function importedFields(table: ExistingTable): Promise<ImportedFields> {
  const notes: string[] = [];
  const types = new Map<string, PostgresType>();
  for (const column of table.columns) {
    const type = sayableType(column);
    if (typeof type === "string") notes.push(`the column ${column.name} is left out: ${type}; a plan would drop it`);
    else types.set(column.name, type);
    notes.push(...unsaidOf(column));
  }
  const keywords = await keywordsOf(table, types, notes);
  const properties: [string, JsonObject][] = [];
  for (const column of table.columns) {
    const type = types.get(column.name);
    if (type === undefined) continue;
    const filled = await defaultOf(column, type, notes);
    const schema = { ...columnSchema(type, keywords.get(column.name) ?? {}, column), ...filled };
    properties.push([column.name, withType(schema, type)]);
  }
  const key = table.key?.columns ?? [];
  const required = table.columns
    .filter(({ name, notNull, generated }) => types.has(name) && ((notNull && !generated) || key.includes(name)))
    .map(({ name }) => name);
  const fields = {
    type: "object",
    ...(key.length === 1 && key[0] === "id" ? {} : { "x-primary-key": key }),
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(properties),
  };
  return { fields, columns: new Set(types.keys()), notes };
}

/** The type of a column that a model can have, or why it cannot have that column. */
function sayableType({ name, type, collation }: Column): PostgresType | string {
  const named = columnNameSchema.safeParse(name);
  if (!named.success) return `its name ${named.error.issues.map(({ message }) => message).join("; ")}`;
  if (collation !== null) return `it is collated by ${collation}, which no model can say`;
  return postgresTypeOf(type) ?? `no model can have the type ${type}`;
}

function unsaidOf({ name, generated, identity, comment }: Column): string[] {
  return [
    ...(generated ? [`the column ${name} is generated, which no model can say: a row that gives it is refused`] : []),
    ...(identity
      ? [`the column ${name} is an identity, which no model can say: a plan would take its numbers away`]
      : []),
    ...(comment === null ? [] : [`the comment of the column ${name} is left out`]),
  ];
}

async function keywordsOf(
  table: ExistingTable,
  types: ReadonlyMap<string, PostgresType>,
  notes: string[],
): Promise<ReadonlyMap<string, ColumnKeywords>> {
  const found = new Map<string, ColumnKeywords>();
  for (const { name, definition, expression, valid } of table.checks) {
    const findings = checkFindings(await readTerm(expression), types);
    const next = findings === null ? null : merged(found, findings, (column) => isConst(table.name, column, name));
    if (next === null) {
      notes.push(`the check ${name} is left out, since no keyword says it: ${definition}`);
      continue;
    }
    for (const [column, keywords] of next) found.set(column, keywords);
    if (!valid) notes.push(`the check ${name} is not validated: rows may break it`);
  }
  return found;
}

/** One value is an `enum` as well as a `const`: the compiler names its check after the keyword. */
function isConst(table: string, column: string, check: string): boolean {
  return check === nameOf(table, column, "const");
}

async function defaultOf(column: Column, type: PostgresType, notes: string[]): Promise<JsonObject> {
  if (column.default === null) return {};
  const term = await readTerm(column.default);
  const found = importedDefault(term, type);
  if (found === null) notes.push(`the default of ${column.name} is left out: ${column.default}`);
  else if (term.kind === "call" && term.name.startsWith("SVFOP_")) {
    notes.push(`the default of ${column.name} is ${column.default} and becomes now(), which is the same`);
  }
  return found ?? {};
}

const jsonTypes = ["array", "boolean", "number", "object", "string"];

function columnSchema(type: PostgresType, keywords: ColumnKeywords, { generated, notNull }: Column): JsonObject {
  const { types, whole, ...rest } = keywords;
  return {
    ...jsonType(type, whole === true, types ?? (notNull ? jsonTypes : [])),
    ...rest,
    ...(generated ? { readOnly: true } : {}),
  };
}

function jsonType(type: PostgresType, whole: boolean, types: readonly string[]): JsonObject {
  switch (type.family) {
    case "integer":
      return { type: "integer" };
    case "float":
    case "numeric":
      return { type: whole ? "integer" : "number" };
    case "boolean":
    case "array":
      return { type: type.family };
    case "json": {
      const [only, more] = types;
      if (only === undefined) return {};
      return { type: more === undefined ? only : [...types] };
    }
    case "date":
    case "opaque":
    case "text":
    case "timestamptz":
    case "timetz":
    case "uuid":
      break;
  }
  return { type: "string", ...(type.format === undefined ? {} : { format: type.format }) };
}

/** Names the type where the mapping would find another. */
function withType(schema: JsonObject, type: PostgresType): JsonObject {
  const storage = columnStorage({ type: "object", properties: { column: schema } }, "column");
  return storage.ok && storage.type.name === type.name
    ? schema
    : ({ ...schema, "x-pg": type.name } satisfies JsonValue);
}
