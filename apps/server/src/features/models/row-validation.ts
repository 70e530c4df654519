import type { SupabaseClient } from "@supabase/supabase-js";
import type { DataRow, ErrorIssue, JsonObject, ModelValidateInput, ModelValidateOutput } from "@waybill/contracts";
import { dataRowSchema } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import pMap from "p-map";
import { z } from "zod";
import { dataError } from "../data/data-error.ts";
import { keyFaults } from "../data/faults.ts";
import { createOnTable, type DataCall } from "../data/on-table.ts";
import { refuse } from "../data/refuse.ts";
import { findByKey } from "../data/rows.ts";
import { notFound, type Table } from "../data/table.ts";
import type { ModelLookup } from "./model-lookup.ts";
import { type Check, checksOf } from "./row-checks.ts";
import { triedWrite } from "./row-trial.ts";

export interface RowValidation {
  /**
   * What would refuse a row, without writing it: schema, rules, and what the database tells the caller under its own
   * row-level security, asked and by a try that it takes back. Throws UNKNOWN_MODEL, MODEL_INACTIVE, VALIDATION_FAILED for the key, NOT_FOUND for its row.
   */
  validate(call: DataCall, input: ModelValidateInput): Promise<ModelValidateOutput>;
}

/** Questions to the database that one call may have under way. */
const atOnce = 8;
const issueLimit = 50;

const rowsSchema = z.array(dataRowSchema);

export function createRowValidation(waybill: Waybill, lookup: ModelLookup): RowValidation {
  const onTable = createOnTable(waybill, lookup);
  return {
    validate: (call, { model, row, key, partial }) =>
      onTable(call, model, async (table) => {
        const { ready, client } = table;
        const before = key === undefined ? undefined : await rowAt(table, key);
        const { validator } = ready;
        const whole = key === undefined && !partial;
        const result = whole ? validator.row(row) : validator.changes(row, before);
        const found = result.ok ? [] : result.issues;
        const checks = (await checksOf({ ready, lookup, row, before })).filter(
          ({ columns }) => !isRefused(columns, found),
        );
        const write = key === undefined ? { row } : { where: key, changes: row };
        // what the schema refuses, Postgres may refuse in words that help nobody
        const isTried = (whole || (key !== undefined && Object.keys(row).length > 0)) && !found.some(isOfSchema);
        const [told, tried] = await Promise.all([
          pMap(checks, (check) => ask(client, check), { concurrency: atOnce }),
          isTried ? triedWrite(table, write) : [],
        ]);
        return { issues: distinct([...found, ...told.flat(), ...tried]).slice(0, issueLimit) };
      }),
  };
}

/** The questions and the try may find the same. */
function distinct(issues: readonly ErrorIssue[]): ErrorIssue[] {
  const isSame = (a: ErrorIssue, b: ErrorIssue) => a.field === b.field && a.rule === b.rule && a.layer === b.layer;
  return issues.filter((issue, at) => issues.findIndex((other) => isSame(other, issue)) === at);
}

function isOfSchema({ layer }: ErrorIssue): boolean {
  return layer === "schema";
}

/** Where the schema has something against a value already, the database is not asked. */
function isRefused(columns: readonly string[], issues: readonly ErrorIssue[]): boolean {
  return issues.some((issue) => isOfSchema(issue) && columns.includes(issue.field.split(".")[0] ?? ""));
}

async function rowAt(table: Table, key: JsonObject): Promise<DataRow> {
  refuse(keyFaults(table.ready, key));
  const row = await findByKey(table, key);
  if (row === undefined) throw notFound(table.ready.model.model_name);
  return row;
}

async function ask(client: SupabaseClient, check: Check): Promise<readonly ErrorIssue[]> {
  const { target, values, columns, rule, message, isFine } = check;
  const selected = [...new Set([...Object.keys(values), ...target.primaryKey])].join(",");
  const answer = await client.from(target.model.table_name).select(selected).match(values).limit(2);
  if (answer.error === null && isFine(rowsSchema.parse(answer.data))) return [];
  const refusal = { rule, message };
  if (answer.error !== null) {
    const failure = dataError(`Looking up ${target.model.model_name}`, target, answer, "row");
    const [issue] = failure.issues ?? [];
    // a value that its column's type does not take is refused by a write too
    if (issue?.layer !== "database") throw failure;
    Object.assign(refusal, { rule: issue.rule, message: issue.message });
  }
  return columns.map((field) => ({ field, ...refusal, layer: "database" }));
}
