import type {
  DataAggregateInput,
  DataBatch,
  DataCountInput,
  DataCreateInput,
  DataCreateManyInput,
  DataGetInput,
  DataListInput,
  DataRemoveInput,
  DataRow,
  DataUpdateInput,
  DataUpdateManyInput,
  DataUpsertInput,
} from "@waybill/contracts";
import { longestAnswer, type Waybill } from "@waybill/db";
import type { ModelLookup } from "../models/model-lookup.ts";
import { aggregate } from "./reading/aggregate.ts";
import { writeBatch, writeOne } from "./writing/batch.ts";
import { keyFaults } from "./faults.ts";
import { createForeignKeys } from "./reading/foreign-keys.ts";
import { createIncludes } from "./reading/include.ts";
import { embedding, narrow, withIncluded } from "./reading/include-query.ts";
import { count, list, listFaults, type Page } from "./reading/list.ts";
import { createOnTable, type DataCall } from "./on-table.ts";
import { createdOf } from "./writing/created.ts";
import { onceOf } from "./writing/once.ts";
import { refuse } from "./refuse.ts";
import { rowFaults, updateFaults, updatesFaults, upsertFaults } from "./row-faults.ts";
import { from, rowsOf, select, selection, theOne, unchanged, wholeRowsOf } from "./rows.ts";
import { notFound } from "./table.ts";

/**
 * Rows of a model under the caller's row-level security. All throw UNKNOWN_MODEL, MODEL_INACTIVE, VALIDATION_FAILED with
 * the fields, and what the database refuses: RLS_DENIED, UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION, …
 */
export interface DataService {
  list(call: DataCall, input: DataListInput): Promise<Page>;
  /** How many rows the caller can see that meet the conditions. */
  count(call: DataCall, input: DataCountInput): Promise<{ count: number }>;
  /** What those rows come to, in groups. */
  aggregate(call: DataCall, input: DataAggregateInput): Promise<{ groups: DataRow[]; more: boolean }>;
  /** Throws NOT_FOUND. */
  get(call: DataCall, input: DataGetInput): Promise<DataRow>;
  create(call: DataCall, input: DataCreateInput): Promise<DataRow>;
  createMany(call: DataCall, input: DataCreateManyInput): Promise<DataBatch>;
  /** Writes the row, or changes the one that has these values of the key or of a unique index. */
  upsert(call: DataCall, input: DataUpsertInput): Promise<DataRow>;
  /** Throws NOT_FOUND for a row that the caller cannot see, RLS_DENIED for one that it may see but not change. */
  update(call: DataCall, input: DataUpdateInput): Promise<DataRow>;
  /** As update, for each of them. */
  updateMany(call: DataCall, input: DataUpdateManyInput): Promise<DataBatch>;
  /** As update; answers with the row as it was. */
  remove(call: DataCall, input: DataRemoveInput): Promise<DataRow>;
}

export function createDataService(waybill: Waybill, lookup: ModelLookup): DataService {
  const answers = longestAnswer();
  const includes = createIncludes(lookup, createForeignKeys(waybill));
  const onTable = createOnTable(waybill, lookup);

  return {
    list: (call, input) =>
      onTable(call, input.model, async (table) => {
        refuse(listFaults(table.ready, input));
        return list(table, input, await includes(table.ready, input.include, input.limit), answers);
      }),

    count: (call, input) => onTable(call, input.model, async (table) => ({ count: await count(table, input) })),

    aggregate: (call, input) => onTable(call, input.model, (table) => aggregate(table, input)),

    get: (call, { model, key, include }) =>
      onTable(call, model, async (table) => {
        const { ready } = table;
        refuse(keyFaults(ready, key));
        const included = await includes(ready, include, 1);
        const selected = selection(ready) + embedding(included);
        const answer = await narrow(select(table, selected).match(key), included).limit(1);
        const [row] = wholeRowsOf(`Reading a row of ${model}`, ready, answer, "key");
        if (row === undefined) throw notFound(model);
        return withIncluded(row, ready.columns, included);
      }),

    create: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, row } = input;
        const faults = rowFaults(ready, row, "row");
        const what = `Creating a row of ${model}`;
        const once = onceOf("data.create", input);
        if (once !== null) return writeOne(table, what, "row", { operation: "create", item: { row }, faults, once });
        refuse(faults);
        const answer = await from(client, ready).insert(row, { defaultToNull: false }).select(selection(ready));
        return theOne(model, rowsOf(what, ready, answer, "row"));
      }),

    createMany: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, rows, mode } = input;
        const faults = rows.map((row, index) => rowFaults(ready, row, `rows.${index}`));
        const what = `Creating rows of ${model}`;
        const once = onceOf("data.createMany", input);
        if (mode === "each" || once !== null) {
          const items = rows.map((row) => ({ row }));
          const fieldOf = (index: number | null) => (index === null ? "rows" : `rows.${index}`);
          return writeBatch(table, { what, operation: "create", items, faults, fieldOf, mode, once });
        }
        refuse(faults.flat());
        const answer = await from(client, ready)
          .insert([...rows], { defaultToNull: false })
          .select(selection(ready));
        return createdOf(table, rows, rowsOf(what, ready, answer, "rows"));
      }),

    upsert: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, row, on_conflict: conflictColumns = ready.primaryKey } = input;
        const faults = await upsertFaults(table, row, conflictColumns);
        const what = `Writing a row of ${model}`;
        const once = onceOf("data.upsert", input);
        if (once !== null) {
          return writeOne(table, what, "row", { operation: "upsert", item: { row }, faults, conflictColumns, once });
        }
        refuse(faults);
        const answer = await from(client, ready)
          .upsert(row, { onConflict: conflictColumns.join(","), defaultToNull: false })
          .select(selection(ready));
        return theOne(model, rowsOf(what, ready, answer, "row"));
      }),

    update: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, key, changes } = input;
        const faults = await updateFaults(table, { key, changes });
        const what = `Updating a row of ${model}`;
        const once = onceOf("data.update", input);
        if (once !== null) {
          const item = { where: key, changes };
          return writeOne(table, what, "changes", { operation: "update", item, faults, once });
        }
        refuse(faults);
        const answer = await from(client, ready).update(changes).match(key).select(selection(ready));
        const [row] = rowsOf(what, ready, answer, "changes");
        return row ?? unchanged(table, key);
      }),

    updateMany: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { model, updates, mode } = input;
        const faults = await updatesFaults(table, updates);
        const what = `Updating rows of ${model}`;
        const items = updates.map(({ key, changes }) => ({ where: key, changes }));
        const fieldOf = (index: number | null) => (index === null ? "updates" : `updates.${index}.changes`);
        const once = onceOf("data.updateMany", input);
        return writeBatch(table, { what, operation: "update", items, faults, fieldOf, mode, once });
      }),

    remove: (call, input) =>
      onTable(call, input.model, async (table) => {
        const { ready, client } = table;
        const { model, key } = input;
        const faults = keyFaults(ready, key);
        const what = `Removing a row of ${model}`;
        const once = onceOf("data.remove", input);
        if (once !== null) {
          return writeOne(table, what, "key", { operation: "delete", item: { where: key }, faults, once });
        }
        refuse(faults);
        const answer = await from(client, ready).delete().match(key).select(selection(ready));
        const [row] = rowsOf(what, ready, answer, "key");
        return row ?? unchanged(table, key);
      }),
  };
}
