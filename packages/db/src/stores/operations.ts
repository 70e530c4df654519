import {
  databaseOperationFilterSchema,
  databaseOperationOutputSchema,
  type DatabaseOperationFilter,
  type DatabaseOperationOutput,
} from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import { pageOfRows, rowsOf } from "./answer.ts";
import { parseInput } from "./input.ts";

export interface OperationPage {
  readonly rows: DatabaseOperationOutput[];
  /** Hand it back as `cursor` for the next page; null after the last. */
  readonly next_cursor: string | null;
}

/**
 * Reads the records (data-model.md §2). Without `caller` it reads all of them, by the service key; with the client of a
 * signed-in caller its own, and the bodies only of the calls that its own key made.
 */
export interface OperationStore {
  /** Newest first, by every indexed field. The range is created_from ≤ created_at < created_before. */
  list(
    filter?: z.input<typeof databaseOperationFilterSchema>,
    caller?: SupabaseClient<Database>,
  ): Promise<OperationPage>;
  /** Throws `NOT_FOUND` for one that is not there, or that the caller may not see. */
  get(operationId: string, caller?: SupabaseClient<Database>): Promise<DatabaseOperationOutput>;
}

const columns = Object.keys(databaseOperationOutputSchema.shape).join(",");

const equalities = [
  "client_id",
  "operation_type",
  "table_name",
  "status",
  "user_id",
  "request_id",
  "session_id",
  "model_id",
] as const satisfies readonly (keyof DatabaseOperationFilter)[];

export function createOperationStore(service: SupabaseClient<Database>): OperationStore {
  // The view and the table have the same columns; rows are typed by their contract, not by the client.
  const source = (caller?: SupabaseClient) =>
    (caller ?? service).from(caller === undefined ? "database_operations" : "own_operations").select(columns);
  return {
    async list(input, caller) {
      const filter = parseInput("The filter of operations", databaseOperationFilterSchema, input ?? {});
      let query = source(caller);
      for (const field of equalities) {
        const value = filter[field];
        if (value !== undefined) query = query.eq(field, value);
      }
      if (filter.created_from !== undefined) query = query.gte("created_at", filter.created_from);
      if (filter.created_before !== undefined) query = query.lt("created_at", filter.created_before);
      if (filter.cursor !== undefined) query = query.lt("operation_id", filter.cursor);
      const answer = await query.order("operation_id", { ascending: false }).limit(filter.limit + 1);
      const rows = rowsOf("Listing operations", databaseOperationOutputSchema, answer);
      return pageOfRows(rows, filter.limit, (row) => row.operation_id);
    },

    async get(operationId, caller) {
      const answer = await source(caller).eq("operation_id", operationId).limit(1);
      const [row] = rowsOf("Reading the operation", databaseOperationOutputSchema, answer);
      if (row === undefined) throw new WaybillDbError({ code: "NOT_FOUND", message: "There is no such operation." });
      return row;
    },
  };
}
