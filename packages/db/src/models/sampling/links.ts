import type { DataModelCreate } from "@waybill/contracts";
import { foreignKeysOf } from "../foreign-keys.ts";
import { type ModelShape, shapeOf } from "../model-shape.ts";

/** Rows of a table that must bring rows of another one along. */
export interface Link {
  readonly table: string;
  readonly columns: readonly string[];
  readonly other: string;
  readonly otherColumns: readonly string[];
}

/** What a name after the change was before it; itself where nobody renamed it. */
export interface OldNames {
  table(name: string): string;
  column(table: string, name: string): string;
}

/**
 * Every foreign key before and after a change, by the names that tables and columns have before it. One of a column that
 * is yet to come holds no row.
 */
export function linksOf(before: readonly DataModelCreate[], after: readonly DataModelCreate[], old: OldNames): Link[] {
  const shapes = before.map(shapeOf);
  const byTable = new Map(shapes.map((shape) => [shape.model.table_name, shape]));
  const there = (table: string, columns: readonly string[]): boolean =>
    columns.every((column) => byTable.get(table)?.types.has(column) === true);
  const all = [
    ...linksAmong(shapes),
    ...linksAmong(after.map(shapeOf)).map((link): Link => {
      const renamed = (table: string, columns: readonly string[]) => columns.map((name) => old.column(table, name));
      return {
        table: old.table(link.table),
        columns: renamed(link.table, link.columns),
        other: old.table(link.other),
        otherColumns: renamed(link.other, link.otherColumns),
      };
    }),
  ];
  const known = all.filter((link) => there(link.table, link.columns) && there(link.other, link.otherColumns));
  return [...new Map(known.map((link) => [JSON.stringify(link), link])).values()];
}

function linksAmong(shapes: readonly ModelShape[]): Link[] {
  return foreignKeysOf(shapes).keys.map(({ owner, columns, target, references }) => ({
    table: owner.model.table_name,
    columns,
    other: target.model.table_name,
    otherColumns: references,
  }));
}
