import { type DataModelOutput, type ModelPlanInput, quoteIdentifier } from "@waybill/contracts";
import type { OldNames, Rename } from "@waybill/db";
import { invalidField } from "../../../trpc/api-error.ts";

export interface Renames {
  readonly list: readonly Rename[];
  readonly old: OldNames;
}

/** What goes on under another name: the columns that were named, and the rows of a model that moves to another table. */
export function renamesOf(
  asked: ModelPlanInput["renames"],
  wanted: readonly DataModelOutput[],
  now: ReadonlyMap<string, DataModelOutput>,
): Renames {
  const pairs = wanted.flatMap((model) => {
    const old = now.get(model.model_name);
    return old === undefined ? [] : [{ model, old }];
  });
  const columns = asked.map((rename, index) => {
    const pair = pairs.find(({ model }) => model.model_name === rename.model);
    if (pair !== undefined) return { ...rename, pair };
    throw invalidField(`renames.${index}.model`, "known", "must be a model of this plan that has a table already");
  });
  const moved = pairs.filter(({ model, old }) => model.table_name !== old.table_name);
  return {
    list: [
      ...columns.map(({ pair, column, to }): Rename => ({ table: tableOf(pair.old), column, to })),
      ...moved.map(({ model, old }): Rename => ({ table: tableOf(old), to: model.table_name })),
    ],
    old: {
      table: (name) => moved.find(({ model }) => model.table_name === name)?.old.table_name ?? name,
      column: (table, name) =>
        columns.find(({ pair, to }) => pair.model.table_name === table && to === name)?.column ?? name,
    },
  };
}

function tableOf({ table_name }: DataModelOutput): string {
  return `public.${quoteIdentifier(table_name)}`;
}
