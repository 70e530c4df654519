import type { SupabaseClient } from "@supabase/supabase-js";
import type { Waybill } from "@waybill/db";
import type { ModelLookup } from "../models/model-lookup.ts";
import type { Caller } from "../sessions/caller.ts";
import type { Table } from "./table.ts";

/** Who calls, and under which request. */
export interface DataCall {
  readonly caller: Caller;
  readonly requestId: string;
}

/**
 * Runs `work` on the table of an active model, as the caller reaches it and recorded as the model's. Rejects with
 * UNKNOWN_MODEL or MODEL_INACTIVE.
 */
export type OnTable = <T>(call: DataCall, model: string, work: (table: Table) => Promise<T>) => Promise<T>;

export function createOnTable(waybill: Waybill, lookup: ModelLookup): OnTable {
  return async ({ caller, requestId }, name, work) => {
    const ready = await lookup.active(name);
    const context = {
      request_id: requestId,
      user_id: caller.userId,
      session_id: caller.held?.session.session_id ?? null,
      model_id: ready.model.model_id,
      schema_version: ready.model.schema_version,
    };
    // Tables of models are not in the generated types; rows are parsed by their contract instead.
    const client: SupabaseClient = waybill.forUser(caller.accessToken);
    return waybill.run(context, () => work({ ready, client }));
  };
}
