import { type DataModelFields, requiredOf } from "../data-model/columns.ts";
import type { RowValidator } from "../json-schema/row-shape.ts";
import type { JsonObject, JsonValue } from "../primitives/json-object.ts";
import { sampleValues } from "./sample-values.ts";

/** Samples of one column, and rows of one rule. */
const valueLimit = 12;
const rowLimit = 400;

/** A column without a value, which only a row can show. */
const absent = Symbol("absent");
type Sample = JsonValue | typeof absent;

/**
 * Rows with the columns that a rule looks at: all combinations of their samples where these are few, else each sample
 * of a column beside the first ones of the others. Each value is one that the schema takes.
 */
export function sampleRows(fields: DataModelFields, columns: readonly string[], schema: RowValidator): JsonObject[] {
  const samples = columns.map((column): [string, Sample[]] => [column, samplesOf(fields, column, schema)]);
  const all = samples.reduce((count, [, values]) => count * values.length, 1);
  const rows = all <= rowLimit ? combined(samples) : [...oneByOne(samples), ...sideBySide(samples)];
  return rows.slice(0, rowLimit).map(rowOf);
}

function samplesOf(fields: DataModelFields, column: string, schema: RowValidator): Sample[] {
  const optional = !requiredOf(fields).includes(column);
  const fitting = sampleValues(fields, fields.properties[column] ?? {}).filter(
    (value) => schema({ [column]: value }, { partial: true }).ok,
  );
  const distinct = [...new Map(fitting.map((value) => [JSON.stringify(value), value])).values()];
  // The edges stand at both ends of the list.
  const few =
    distinct.length <= valueLimit
      ? distinct
      : [...distinct.slice(0, valueLimit / 2), ...distinct.slice(-valueLimit / 2)];
  return optional || few.length === 0 ? [...few, absent] : few;
}

type Cell = readonly [string, Sample];

function combined(samples: readonly [string, readonly Sample[]][]): Cell[][] {
  return samples.reduce<Cell[][]>(
    (rows, [column, values]) => rows.flatMap((row) => values.map((value): Cell[] => [...row, [column, value]])),
    [[]],
  );
}

function oneByOne(samples: readonly [string, readonly Sample[]][]): Cell[][] {
  return samples.flatMap(([varied, values]) =>
    values.map((value) =>
      samples.map(([column, others]): Cell => [column, column === varied ? value : (others[1] ?? others[0] ?? null)]),
    ),
  );
}

function sideBySide(samples: readonly [string, readonly Sample[]][]): Cell[][] {
  return Array.from({ length: valueLimit + 1 }, (_, at) =>
    samples.map(([column, values]): Cell => [column, values[at % values.length] ?? null]),
  );
}

function rowOf(cells: readonly Cell[]): JsonObject {
  return Object.fromEntries(
    cells.flatMap(([column, value]): [string, JsonValue][] => (typeof value === "symbol" ? [] : [[column, value]])),
  );
}
