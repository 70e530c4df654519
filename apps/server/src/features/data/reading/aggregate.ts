import type {
  DataAggregateInput,
  DataFilter,
  DataRow,
  DataWhere,
  ErrorIssue,
  JsonObject,
  JsonValue,
} from "@waybill/contracts";
import { dataRowSchema, isJsonObject } from "@waybill/contracts";
import { z } from "zod";
import type { ReadyModel } from "../../models/model-lookup.ts";
import { columnType, hasParts, isJson } from "./column-types.ts";
import { dataError } from "../data-error.ts";
import { columnFaults } from "../faults.ts";
import { comparand, containsOperand } from "./filter-text.ts";
import { listFaults } from "./list.ts";
import { refuse } from "../refuse.ts";
import type { Table } from "../table.ts";

const groupsSchema = z.array(dataRowSchema);

/** What a model's rows come to, those that the caller can see. */
export async function aggregate(
  { ready, client }: Table,
  input: DataAggregateInput,
): Promise<{ groups: DataRow[]; more: boolean }> {
  const { group_by: groups = [], measures, filters = [], where, limit } = input;
  refuse([
    ...groups.flatMap((column, index) => groupFaults(ready, column, `group_by.${index}`)),
    ...Object.entries(measures).flatMap(([name, measure]) => measureFaults(ready, measure, `measures.${name}`)),
    ...listFaults(ready, { filters, where }),
  ]);
  const conditions = [...filters, ...(where === undefined ? [] : [where])].map((one) => conditionOf(ready, one));
  const order = [...(input.order ?? []), ...groups.map((column) => ({ column, direction: "asc" as const }))];
  const answer = await client
    .rpc("aggregate_rows", {
      target: ready.model.table_name,
      groups,
      measures: Object.entries(measures).map(([name, { op, column = null }]) => ({ name, op, column, under: column })),
      conditions: conditions.length === 0 ? null : { and: conditions },
      order_by: order.map(({ column, direction }) => ({ name: column, direction })),
      most: limit + 1,
    })
    .setHeader("x-waybill-operation", `read ${ready.model.table_name}`);
  const what = `Aggregating ${input.model}`;
  const field = filters.length > 0 ? "filters" : where === undefined ? "measures" : "where";
  if (answer.error !== null) throw dataError(what, ready, answer, field);
  const found = groupsSchema.parse(answer.data).map((group) => withMeasures(group, measures));
  return { groups: found.slice(0, limit), more: found.length > limit };
}

/** What is measured stands under its column's name, by which records tell what is secret. */
function withMeasures(group: DataRow, measures: DataAggregateInput["measures"]): DataRow {
  const told = Object.entries(measures).map(([name, { column }]): [string, JsonValue] => {
    const value = group[name] ?? null;
    return [name, column !== undefined && isJsonObject(value) ? (value[column] ?? null) : value];
  });
  return { ...group, ...Object.fromEntries(told) };
}

function groupFaults(ready: ReadyModel, column: string, field: string): ErrorIssue[] {
  if (hasParts(columnType(ready.model.fields, column)) !== true) return columnFaults(ready, column, field);
  return [{ field, rule: "type", message: `must not be ${column}: it holds no plain values` }];
}

type Measure = DataAggregateInput["measures"][string];

const numeric =
  /^(?:smallint|integer|int[248]?|bigint|numeric|decimal|real|double precision|float[48]?|money|interval)\b(?!.*\[)/;

function measureFaults(ready: ReadyModel, { op, column }: Measure, at: string): ErrorIssue[] {
  if (column === undefined) return [];
  const unknown = columnFaults(ready, column, `${at}.column`);
  const type = columnType(ready.model.fields, column);
  const { types, pg, format } = type;
  if (unknown.length > 0 || op === "count" || (types === null && pg === null)) return unknown;
  const isNumber = pg === null ? types?.some((one) => one === "number" || one === "integer") : numeric.test(pg);
  if (op === "sum" || op === "avg") {
    return isNumber === true ? [] : [typeFault(at, `must not be ${op}: ${column} is no number; use count, min or max`)];
  }
  const isText = types?.includes("string") !== false && !isJson(type) && format !== "uuid" && pg !== "uuid";
  const hasOrder = isNumber === true || isText;
  return hasOrder ? [] : [typeFault(at, `must not be ${op}: ${column} has no order; use count`)];
}

function typeFault(at: string, message: string): ErrorIssue {
  return { field: `${at}.op`, rule: "type", message };
}

/** As `waybill_calls.condition` reads it, each value under its column's name, by which records tell what is secret. */
function conditionOf(ready: ReadyModel, where: DataWhere): JsonObject {
  if ("and" in where) return { and: where.and.map((part) => conditionOf(ready, part)) };
  if ("or" in where) return { or: where.or.map((part) => conditionOf(ready, part)) };
  if ("not" in where) return { not: conditionOf(ready, where.not) };
  return leafOf(ready, where);
}

function leafOf(ready: ReadyModel, filter: DataFilter): JsonObject {
  const { column, op } = filter;
  return {
    column,
    op,
    operand: { [column]: op === "contains" ? containsOperand(ready, filter) : comparand(ready, filter) },
  };
}
