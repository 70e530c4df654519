import {
  operationRetentionSchema,
  operationStatsInputSchema,
  operationStatsSchema,
  statsPointLimit,
  type OperationRetention,
  type OperationStats,
  type OperationStatsInput,
  type StatsStep,
} from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import { rowsOf } from "./answer.ts";
import { parseInput } from "./input.ts";

/** Totals and state of the ledger, by the service key: for admins. */
export interface OperationStatsStore {
  /** Counts, percentiles and what is on top, from totals that the flush keeps up; `errors` from the records themselves. */
  stats(input?: z.input<typeof operationStatsInputSchema>): Promise<OperationStats>;
  retention(): Promise<OperationRetention>;
}

const hourMs = 3_600_000;
/** The totals of a minute are removed after it (maintain_operations). */
const minutesKeptMs = 7 * 24 * hourMs;
/** A POST to a function counts as an update, unless it says what it is (decisions.md, operation types). */
const asRead = ["x-waybill-operation", "read"] as const;

export function createOperationStatsStore(service: SupabaseClient<Database>): OperationStatsStore {
  return {
    async stats(input) {
      const asked = parseInput("The filter of statistics", operationStatsInputSchema, input ?? {});
      const { created_from, created_before, step } = withRange(asked, Date.now());
      const call = service.rpc("operation_stats", {
        from_time: created_from,
        before_time: created_before,
        step,
        parts: asked.parts,
        ...(asked.client_id === undefined ? {} : { for_client: asked.client_id }),
        ...(asked.table_name === undefined ? {} : { for_table: asked.table_name }),
        ...(asked.operation_type === undefined ? {} : { for_type: asked.operation_type }),
        ...(asked.status === undefined ? {} : { for_status: asked.status }),
        ...(asked.model_id === undefined ? {} : { for_model: asked.model_id }),
      });
      const answer = await call.setHeader(...asRead);
      const parts = operationStatsSchema.omit({ created_from: true, created_before: true, step: true });
      const [row] = rowsOf("Reading the statistics", parts, { ...answer, data: [answer.data] });
      return { created_from, created_before, step, ...row };
    },

    async retention() {
      const answer = await service.rpc("operation_retention").setHeader(...asRead);
      const [row] = rowsOf("Reading the retention", operationRetentionSchema, { ...answer, data: [answer.data] });
      if (row === undefined) throw new WaybillDbError({ code: "INTERNAL", message: "There is no answer." });
      return row;
    },
  };
}

interface Range {
  readonly created_from: string;
  readonly created_before: string;
  readonly step: StatsStep;
}

/** The range with what was left out: an hour, until now. */
function withRange({ created_from, created_before, step }: OperationStatsInput, now: number): Range {
  const before = created_before ?? new Date(now).toISOString();
  const from = created_from ?? new Date(Date.parse(before) - hourMs).toISOString();
  const length = Date.parse(before) - Date.parse(from);
  const hasMinutes = length <= 24 * hourMs && Date.parse(from) >= now - minutesKeptMs;
  const chosen = step ?? (hasMinutes ? "minute" : "hour");
  // what only the contract of a whole range could see
  const most = statsPointLimit * (chosen === "hour" ? hourMs : 60_000);
  if (length > 0 && length <= most) return { created_from: from, created_before: before, step: chosen };
  throw new WaybillDbError({
    code: "VALIDATION_FAILED",
    message: `The filter of statistics: created_from must be before created_before (now, when left out), and at most ${statsPointLimit} steps.`,
    issues: [
      {
        field: "created_from",
        rule: "range",
        message: `must be before created_before (now, when left out), and at most ${statsPointLimit} steps before it`,
      },
    ],
  });
}
