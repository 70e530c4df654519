import { waybillTables } from "@waybill/contracts";

/** Whether a table of `public` is one of Waybill itself, a view of one or a partition. */
export function isWaybillTable(name: string): boolean {
  return waybillTables.has(name) || /^(?:database_operations|operation_|rate_|supabase_client_|waybill_)/.test(name);
}
