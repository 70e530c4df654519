import type { SupabaseClient } from "@supabase/supabase-js";
import type { DataRow, ErrorIssue, JsonObject, ModelValidateInput, ModelValidateOutput } from "@waybill/contracts";
import { dataRowSchema } from "@waybill/contracts";
import type { Waybill } from "@waybill/db";
import pMap from "p-map";
import { z } from "zod";
import { ApiError } from "../../trpc/api-error.ts";
import { dataError } from "../data/data-error.ts";
import { keyFaults } from "../data/faults.ts";
import type { Caller } from "../sessions/caller.ts";
import type { ModelLookup, ReadyModel } from "./model-lookup.ts";
import { type Check, checksOf } from "./row-checks.ts";

/** Who calls, and under which request. */
interface ValidationCall {
  readonly caller: Caller;
  readonly requestId: string;
}

export interface RowValidation {
  /**
   * What would refuse a row, without writing it: schema, rules, and what the database tells the caller under its own
   * row-level security. Throws UNKNOWN_MODEL, MODEL_INACTIVE, VALIDATION_FAILED for the key, NOT_FOUND for its row.
   */
  validate(call: ValidationCall, input: ModelValidateInput): Promise<ModelValidateOutput>;
}

/** Questions to the database that one call may have under way. */
const atOnce = 8;
const issueLimit = 50;

const rowsSchema = z.array(dataRowSchema);

export function createRowValidation(waybill: Waybill, lookup: ModelLookup): RowValidation {
  return {
    async validate({ caller, requestId }, { model, row, key, partial }) {
      const ready = await lookup.active(model);
      const context = {
        request_id: requestId,
        user_id: caller.userId,
        session_id: caller.held?.session.session_id ?? null,
        model_id: ready.model.model_id,
        schema_version: ready.model.schema_version,
      };
      return waybill.run(context, async () => {
        const client: SupabaseClient = waybill.forUser(caller.accessToken);
        const before = key === undefined ? undefined : await rowAt(client, ready, key);
        const { validator } = ready;
        const whole = key === undefined && !partial;
        const result = whole ? validator.row(row) : validator.changes(row, before);
        const found = result.ok ? [] : result.issues;
        const checks = (await checksOf({ ready, lookup, row, before })).filter(
          ({ columns }) => !isRefused(columns, found),
        );
        const told = await pMap(checks, (check) => ask(client, check), { concurrency: atOnce });
        return { issues: [...found, ...told.flat()].slice(0, issueLimit) };
      });
    },
  };
}

/** Where the schema has something against a value already, the database is not asked. */
function isRefused(columns: readonly string[], issues: readonly ErrorIssue[]): boolean {
  return issues.some(({ field, layer }) => layer === "schema" && columns.includes(field.split(".")[0] ?? ""));
}

async function rowAt(client: SupabaseClient, ready: ReadyModel, key: JsonObject): Promise<DataRow> {
  const { model_name, table_name } = ready.model;
  const issues = keyFaults(ready, key);
  if (issues.length > 0) throw new ApiError({ code: "VALIDATION_FAILED", issues });
  const answer = await client.from(table_name).select("*").match(key).limit(1);
  if (answer.error !== null) throw dataError(`Reading a row of ${model_name}`, ready, answer, "key");
  const [row] = rowsSchema.parse(answer.data);
  if (row !== undefined) return row;
  throw new ApiError({ code: "NOT_FOUND", message: `${model_name} has no such row, or you may not see it` });
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
