import type { ErrorIssue } from "@waybill/contracts";
import type { Refusal } from "./refusal.ts";

export interface ModelTrial {
  /** Why the model cannot be a table. */
  readonly issues: readonly ErrorIssue[];
  /** What is allowed and most likely not meant, and what could not be tried. */
  readonly warnings: readonly ErrorIssue[];
}

/** Whether a statement holds a table's name, and not the beginning of a longer one. */
export function namesTable(sql: string, table: string): boolean {
  const at = sql.indexOf(table);
  if (at < 0) return false;
  return !/[\w$]/.test(sql[at + table.length] ?? "") || namesTable(sql.slice(at + 1), table);
}

export function inWords({ message }: Pick<Refusal, "message">): string {
  return `must be what Postgres takes; it says: ${message}`;
}
