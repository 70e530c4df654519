import type { SupabaseClient } from "@supabase/supabase-js";
import {
  type ModelUsage,
  modelUsageInputSchema,
  modelUsageSchema,
  usageCallerLimit,
  usageRecordLimit,
} from "@waybill/contracts";
import { WaybillDbError } from "../errors.ts";
import { rowsOf } from "./answer.ts";
import { parseInput } from "./input.ts";

const foundSchema = modelUsageSchema.omit({ complete: true });

/** Asks the SQL function `model_usage`, which only the service key may. */
export async function modelUsage(service: SupabaseClient, modelId: string, input: unknown): Promise<ModelUsage> {
  const { created_from, created_before } = parseInput("The question for usage", modelUsageInputSchema, input);
  const { data, error, status } = await service.rpc(
    "model_usage",
    {
      id: modelId,
      range_from: created_from,
      range_before: created_before,
      most_callers: usageCallerLimit,
      most_read: usageRecordLimit,
    },
    { get: true },
  );
  const [found] = rowsOf("Looking for the model's use", foundSchema, { data: [data], error, status });
  if (found === undefined) throw new WaybillDbError({ code: "INTERNAL" });
  return { ...found, complete: found.records_read < usageRecordLimit };
}
