import type { SupabaseClient } from "@supabase/supabase-js";
import {
  operationAdviceSchema,
  slowOperationSchema,
  slowOperationsInputSchema,
  slowRecordLimit,
  type OperationAdvice,
  type SlowOperations,
} from "@waybill/contracts";
import { z } from "zod";
import { WaybillDbError } from "../errors.ts";
import { rowsOf } from "./answer.ts";
import { parseInput } from "./input.ts";
import { idBounds } from "./operations-filter.ts";

const foundSchema = z.object({ rows: z.array(slowOperationSchema), records_read: z.int() });

/** Asks the SQL function `slow_operations`, which only the service key may. */
export async function slowOperations(service: SupabaseClient, input: unknown): Promise<SlowOperations> {
  const range = parseInput("The question for slow operations", slowOperationsInputSchema, input);
  const bounds = idBounds(range);
  const { data, error, status } = await service.rpc(
    "slow_operations",
    {
      range_from: range.created_from,
      range_before: range.created_before,
      id_from: bounds.from,
      id_before: bounds.before,
      sort_by: range.by,
      most: range.limit,
      most_read: slowRecordLimit,
    },
    { get: true },
  );
  const [found] = rowsOf("Looking for slow operations", foundSchema, { data: [data], error, status });
  if (found === undefined) throw new WaybillDbError({ code: "INTERNAL" });
  return { ...found, complete: found.records_read < slowRecordLimit };
}

export async function adviseOperation(service: SupabaseClient, operationId: string): Promise<OperationAdvice> {
  const there = await service
    .from("database_operations")
    .select("operation_id")
    .eq("operation_id", operationId)
    .limit(1);
  const known = rowsOf("Reading the operation", z.object({ operation_id: z.string() }), there);
  if (known.length === 0) throw new WaybillDbError({ code: "NOT_FOUND", message: "There is no such operation." });
  const { data, error, status } = await service
    .rpc("advise_operation", { id: operationId })
    .setHeader("x-waybill-operation", "read");
  const [advice] = rowsOf("Explaining the operation", operationAdviceSchema, { data: [data], error, status });
  if (advice === undefined) throw new WaybillDbError({ code: "INTERNAL" });
  return advice;
}
