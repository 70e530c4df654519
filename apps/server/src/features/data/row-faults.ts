import type { ErrorIssue, JsonObject } from "@waybill/contracts";
import type { RowResult } from "@waybill/contracts/json-schema";
import type { ReadyModel } from "../models/model-lookup.ts";
import { conflictFaults, keyFaults } from "./faults.ts";
import { findByKey } from "./rows.ts";
import type { Table } from "./table.ts";

/** What the model says against a new row. */
export function rowFaults({ validator }: ReadyModel, row: JsonObject, prefix: string): ErrorIssue[] {
  return faultsOf(validator.row(row), prefix);
}

/** The same of a row that may take another one's place: what it does not give stays as it is there. */
export async function upsertFaults(
  table: Table,
  row: JsonObject,
  conflictColumns: readonly string[],
): Promise<readonly ErrorIssue[]> {
  const { validator } = table.ready;
  const ofRow = [...conflictFaults(table.ready, row, conflictColumns), ...rowFaults(table.ready, row, "row")];
  if (ofRow.length > 0 || !validator.needsBefore(Object.keys(row))) return ofRow;
  const place = Object.fromEntries(Object.entries(row).filter(([column]) => conflictColumns.includes(column)));
  const before = await findByKey(table, place);
  return before === undefined ? [] : faultsOf(validator.changes(row, before), "row");
}

/** What it says against changes. Rules over several columns need the others as they are: the row is read where that is so. */
export async function updateFaults(
  table: Table,
  { key, changes }: { readonly key: JsonObject; readonly changes: JsonObject },
  prefix = "",
): Promise<readonly ErrorIssue[]> {
  const { validator } = table.ready;
  const ofChanges = (result: RowResult) => faultsOf(result, `${prefix}changes`);
  const alone = [...keyFaults(table.ready, key, `${prefix}key`), ...ofChanges(validator.changes(changes))];
  if (alone.length > 0 || !validator.needsBefore(Object.keys(changes))) return alone;
  const before = await findByKey(table, key);
  // one that the caller cannot see is told by the update itself
  return before === undefined ? [] : ofChanges(validator.changes(changes, before));
}

function faultsOf(result: RowResult, prefix: string): ErrorIssue[] {
  return result.ok ? [] : prefixed(result.issues, prefix);
}

function prefixed(issues: readonly ErrorIssue[], prefix: string): ErrorIssue[] {
  return issues.map((issue) => ({ ...issue, field: issue.field === "" ? prefix : `${prefix}.${issue.field}` }));
}
