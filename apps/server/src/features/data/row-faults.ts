import type { ErrorIssue, JsonObject } from "@waybill/contracts";
import type { RowResult } from "@waybill/contracts/json-schema";
import type { ReadyModel } from "../models/model-lookup.ts";
import { keyFaults } from "./faults.ts";
import { findByKey } from "./rows.ts";
import type { Table } from "./table.ts";

/** What the model says against a new row. */
export function rowFaults({ validator }: ReadyModel, row: JsonObject, prefix: string): ErrorIssue[] {
  const result = validator.row(row);
  return result.ok ? [] : prefixed(result.issues, prefix);
}

/** What it says against changes. Rules over several columns need the others as they are: the row is read where that is so. */
export async function updateFaults(
  table: Table,
  { key, changes }: { readonly key: JsonObject; readonly changes: JsonObject },
  prefix = "",
): Promise<readonly ErrorIssue[]> {
  const { validator } = table.ready;
  const ofChanges = (result: RowResult) => (result.ok ? [] : prefixed(result.issues, `${prefix}changes`));
  const alone = [...keyFaults(table.ready, key, `${prefix}key`), ...ofChanges(validator.changes(changes))];
  if (alone.length > 0 || !validator.needsBefore(Object.keys(changes))) return alone;
  const before = await findByKey(table, key);
  // one that the caller cannot see is told by the update itself
  return before === undefined ? [] : ofChanges(validator.changes(changes, before));
}

function prefixed(issues: readonly ErrorIssue[], prefix: string): ErrorIssue[] {
  return issues.map((issue) => ({ ...issue, field: issue.field === "" ? prefix : `${prefix}.${issue.field}` }));
}
