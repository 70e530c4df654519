import { canonicalJson, type ErrorIssue, type JsonObject } from "@waybill/contracts";
import type { RowResult } from "@waybill/contracts/json-schema";
import pMap from "p-map";
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

interface Update {
  readonly key: JsonObject;
  readonly changes: JsonObject;
}

/** What it says against changes. Rules over several columns need the others as they are: the row is read where that is so. */
export async function updateFaults(table: Table, update: Update): Promise<readonly ErrorIssue[]> {
  const { alone, before } = await looked(table, update, "", false);
  return before === undefined ? alone : changesFaults(table, update.changes, before, "");
}

/** Rows of an updateMany that are read at the same time. */
const rowsReadAtOnce = 8;

/** The same of several, one after another: what changes a row again is held against what was made of it. */
export async function updatesFaults(
  table: Table,
  updates: readonly Update[],
): Promise<readonly (readonly ErrorIssue[])[]> {
  const { primaryKey } = table.ready;
  const isAgain = againOf(table.ready, updates);
  const prefixOf = (index: number) => `updates.${index}.`;
  const found = await pMap(updates, (update, at) => looked(table, update, prefixOf(at), isAgain(update)), {
    concurrency: rowsReadAtOnce,
  });
  const placeOf = (row: JsonObject) => JSON.stringify(primaryKey.map((column) => row[column]));
  const made = new Map<string, JsonObject>();
  return updates.map(({ key, changes }, index) => {
    const { alone = [], before } = found[index] ?? {};
    // by the key as the database has it: it may be sent in several ways
    const row = made.get(placeOf(before ?? key)) ?? before;
    if (row === undefined || alone.length > 0) return alone;
    const faults = changesFaults(table, changes, row, prefixOf(index));
    const after = { ...row, ...changes };
    if (faults.length === 0) made.set(placeOf(after), after);
    return faults;
  });
}

/** Whether another update may be about the same row, before or after. Only rules over several columns could mind. */
function againOf({ columns, primaryKey, validator }: ReadyModel, updates: readonly Update[]) {
  if (!columns.some((column) => validator.needsBefore([column]))) return () => false;
  const sent = (key: JsonObject) => canonicalJson(key).toLowerCase();
  const counts = new Map<string, number>();
  for (const { key } of updates) counts.set(sent(key), (counts.get(sent(key)) ?? 0) + 1);
  return ({ key, changes }: Update): boolean =>
    (counts.get(sent(key)) ?? 0) > 1 || primaryKey.some((column) => Object.hasOwn(changes, column));
}

/** What can be told without the row, and the row where that is needed; one that the caller cannot see is told by the update itself. */
async function looked(table: Table, { key, changes }: Update, prefix: string, isAgain: boolean) {
  const { ready } = table;
  const ofChanges = faultsOf(ready.validator.changes(changes), `${prefix}changes`);
  const alone = [...keyFaults(ready, key, `${prefix}key`), ...ofChanges];
  const needed = alone.length === 0 && (isAgain || ready.validator.needsBefore(Object.keys(changes)));
  return { alone, before: needed ? await findByKey(table, key) : undefined };
}

function changesFaults({ ready }: Table, changes: JsonObject, before: JsonObject, prefix: string): ErrorIssue[] {
  return faultsOf(ready.validator.changes(changes, before), `${prefix}changes`);
}

function faultsOf(result: RowResult, prefix: string): ErrorIssue[] {
  return result.ok ? [] : prefixed(result.issues, prefix);
}

function prefixed(issues: readonly ErrorIssue[], prefix: string): ErrorIssue[] {
  return issues.map((issue) => ({ ...issue, field: issue.field === "" ? prefix : `${prefix}.${issue.field}` }));
}
