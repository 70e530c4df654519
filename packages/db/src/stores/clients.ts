import {
  type SupabaseClientDetail,
  supabaseClientFilterSchema,
  supabaseClientOutputSchema,
  type SupabaseClientOutput,
  supabaseClientTransitionSchema,
} from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import { rowsOf } from "./answer.ts";
import { parseInput } from "./input.ts";
import { type Page, readPage, rowReader } from "./page.ts";

export type ClientPage = Page<SupabaseClientOutput>;

/** Reads the clients of every instance (data-model.md §1), never their keys: the column is not even asked for. */
export interface ClientStore {
  /** In the order of client_id. */
  list(filter?: z.input<typeof supabaseClientFilterSchema>): Promise<ClientPage>;
  /** With the last changes of its phase, the newest first. Throws `NOT_FOUND`. */
  get(clientId: string): Promise<SupabaseClientDetail>;
}

const transitionColumns = Object.keys(supabaseClientTransitionSchema.shape).join(",");
const columns = Object.keys(supabaseClientOutputSchema.shape).join(",");

export function createClientStore(service: SupabaseClient<Database>, readRows = rowReader()): ClientStore {
  const source = () => service.from("supabase_clients").select(columns);
  return {
    async list(input) {
      const filter = parseInput("The filter of clients", supabaseClientFilterSchema, input ?? {});
      const read = async (cursor: string | undefined, count: number) => {
        let query = source();
        if (filter.client_type !== undefined) query = query.eq("client_type", filter.client_type);
        if (filter.is_active !== undefined) query = query.eq("is_active", filter.is_active);
        if (filter.connection_status !== undefined) query = query.eq("connection_status", filter.connection_status);
        if (cursor !== undefined) query = query.gt("client_id", cursor);
        return rowsOf("Listing clients", supabaseClientOutputSchema, await query.order("client_id").limit(count));
      };
      return readPage(readRows, { ...filter, cursor: filter.cursor, cursorOf: (row) => row.client_id, read });
    },

    async get(clientId) {
      const answer = await source().eq("client_id", clientId).limit(1);
      const [row] = rowsOf("Reading the client", supabaseClientOutputSchema, answer);
      if (row === undefined) throw new WaybillDbError({ code: "NOT_FOUND", message: "There is no such client." });
      const changes = await service
        .from("supabase_client_transitions")
        .select(transitionColumns)
        .eq("client_id", clientId)
        .order("transition_id", { ascending: false });
      return { ...row, transitions: rowsOf("Reading the client's history", supabaseClientTransitionSchema, changes) };
    },
  };
}
