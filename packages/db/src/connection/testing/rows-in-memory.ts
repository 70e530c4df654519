import { supabaseClientPhase, type SupabaseClientState } from "@waybill/contracts";
import type { ClientIdentity, ClientRows } from "../client-rows.ts";

/** `supabase_clients` as an outside that fails on demand. */
export interface RowsInMemory extends ClientRows {
  readonly stored: Map<string, ClientIdentity & SupabaseClientState>;
  /** Every state that was written, in order. */
  readonly writes: SupabaseClientState[];
  /** What every request and probe meets; undefined for none. */
  fault: Error | undefined;
  probes: number;
}

export function rowsInMemory(): RowsInMemory {
  const reach = (): void => {
    if (rows.fault !== undefined) throw rows.fault;
  };
  const rows: RowsInMemory = {
    stored: new Map(),
    writes: [],
    fault: undefined,
    probes: 0,
    async read(clientId) {
      reach();
      const row = rows.stored.get(clientId);
      if (row === undefined) return null;
      const { connection_status, is_active, error_count, retry_count, last_used } = row;
      return { connection_status, is_active, error_count, retry_count, last_used };
    },
    async register(identity, state) {
      reach();
      const there = rows.stored.get(identity.client_id);
      if (there !== undefined && supabaseClientPhase(there) === "deactivated") return;
      rows.stored.set(identity.client_id, { ...identity, ...state });
      rows.writes.push(state);
    },
    async update(clientId, state, overrule = false) {
      reach();
      const there = rows.stored.get(clientId);
      if (there === undefined || (!overrule && supabaseClientPhase(there) === "deactivated")) return false;
      rows.stored.set(clientId, { ...there, ...state });
      rows.writes.push(state);
      return true;
    },
    async probe() {
      rows.probes += 1;
      return rows.fault === undefined ? { alive: true } : { alive: false, message: rows.fault.message };
    },
    close: async () => {},
  };
  return rows;
}
