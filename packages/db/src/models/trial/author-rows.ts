import {
  columnsOf,
  type DataModelCreate,
  type DataModelFields,
  hasDefault,
  type JsonObject,
  type JsonValue,
  requiredOf,
} from "@waybill/contracts";
import { compileFields, type RowValidator } from "@waybill/contracts/json-schema";
import { sampleRows } from "@waybill/contracts/rules";
import { shapeOf } from "../model-shape.ts";

/** Rows that are tried at the most, and texts of policies that are tried as values. */
const rowLimit = 120;
const literalLimit = 8;

/**
 * Rows that an author may well write: columns that policies look at vary over the values that their schema takes, over
 * the author's own id and over the texts that the policies name; the others have one value, or none where none is needed.
 *
 * @param policies the statements of the policies
 */
export function authorRows(model: DataModelCreate, policies: readonly string[], author: string): JsonObject[] {
  const { fields } = model;
  const schema = compileFields(fields);
  const text = policies.join("\n");
  const columns = columnsOf(fields);
  const named = columns.filter((column) => new RegExp(`\\b${column}\\b`).test(text));
  const base = baseRow(fields, columns, named, schema);
  const literals = [
    ...new Set([...text.matchAll(/'((?:[^']|'')*)'/g)].map(([, value = ""]) => value.replaceAll("''", "'"))),
  ];
  const takes = (column: string, value: JsonValue) => schema({ [column]: value }, { partial: true }).ok;
  const { types } = shapeOf(model);
  const setting = (which: (column: string) => boolean, value: JsonValue): JsonObject =>
    Object.fromEntries(named.flatMap((column) => (which(column) && takes(column, value) ? [[column, value]] : [])));
  const ids = setting((column) => types.get(column)?.family === "uuid", author);
  const texts = setting((column) => types.get(column)?.family === "text", author);
  const filled = named.filter((column) => hasDefault(fields, column));
  const variants = [{}, ids, { ...ids, ...texts }, texts];
  const ofLiterals = literals
    .slice(0, literalLimit)
    .map((literal) => ({ ...ids, ...setting((column) => types.get(column)?.family === "text", literal) }));
  const samples = sampleRows(fields, named, schema).map((row) => ({ ...base, ...row }));
  const [first = base] = samples;
  const rows = [
    ...[...variants, ...ofLiterals].map((variant) => ({ ...without(first, filled), ...variant })),
    ...[...variants, ...ofLiterals].map((variant) => without({ ...first, ...variant }, filled)),
    ...samples.flatMap((row) => [...ofLiterals, ids].map((variant) => ({ ...row, ...variant }))),
    ...samples,
  ];
  const distinct = [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
  return distinct.filter((row) => schema(row).ok).slice(0, rowLimit);
}

function baseRow(
  fields: DataModelFields,
  columns: readonly string[],
  named: readonly string[],
  schema: RowValidator,
): JsonObject {
  const needed = columns.filter(
    (column) => requiredOf(fields).includes(column) && !hasDefault(fields, column) && !named.includes(column),
  );
  // one by one: rows of many columns would be a great many
  const values = needed.map((column) => {
    const given = sampleRows(fields, [column], schema).find((row) => row[column] !== null && column in row);
    return { ...given };
  });
  return Object.assign({}, ...values);
}

function without(row: JsonObject, columns: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !columns.includes(column)));
}
