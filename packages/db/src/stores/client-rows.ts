import {
  supabaseClientOutputSchema,
  type SupabaseClientOutput,
  type SupabaseClientRow,
  supabaseClientSchema,
  type SupabaseClientState,
} from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import { rowsOf } from "./answer.ts";

/** What registering, deactivating and removing a client do to its row; whether they may is decided elsewhere. */
export interface ClientRowStore {
  /** Throws `UNIQUE_VIOLATION` where the id is taken. */
  insert(row: Omit<SupabaseClientRow, "created_at">): Promise<SupabaseClientOutput>;
  /** The row with its encrypted key. Throws `NOT_FOUND`. */
  read(clientId: string): Promise<SupabaseClientRow>;
  setState(clientId: string, state: SupabaseClientState): Promise<SupabaseClientOutput>;
  /** Its operations go with it (data-model.md, Relationships). False where it is in use, or gone. */
  removeIdle(clientId: string): Promise<boolean>;
}

const columns = Object.keys(supabaseClientOutputSchema.shape).join(",");

export function createClientRowStore(service: SupabaseClient<Database>): ClientRowStore {
  const table = () => service.from("supabase_clients");
  return {
    async insert(row) {
      return only(
        rowsOf("Registering the client", supabaseClientOutputSchema, await table().insert(row).select(columns)),
      );
    },
    async read(clientId) {
      const answer = await table().select("*").eq("client_id", clientId).limit(1);
      return only(rowsOf("Reading the client", supabaseClientSchema, answer));
    },
    async setState(clientId, state) {
      const answer = await table().update(state).eq("client_id", clientId).select(columns);
      return only(rowsOf("Changing the client", supabaseClientOutputSchema, answer));
    },
    async removeIdle(clientId) {
      const answer = await table().delete().eq("client_id", clientId).eq("is_active", false).select(columns);
      return rowsOf("Removing the client", supabaseClientOutputSchema, answer).length > 0;
    },
  };
}

function only<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new WaybillDbError({ code: "NOT_FOUND", message: "There is no such client." });
  return row;
}
