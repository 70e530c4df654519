import {
  columnsOf,
  columnStorage,
  type DataModelCreate,
  nullableColumns,
  type PostgresType,
  primaryKeyOf,
  quoteIdentifier,
} from "@waybill/contracts";

/** A model with what every part of its table asks for. */
export interface ModelShape {
  readonly model: DataModelCreate;
  /** `public.routes`, quoted where need be. */
  readonly table: string;
  readonly key: readonly string[];
  /** The key's columns first, then the others by name: a stored schema has lost its author's order (jsonb). */
  readonly columns: readonly string[];
  readonly nullable: ReadonlySet<string>;
  /** Columns whose type is known. */
  readonly types: ReadonlyMap<string, PostgresType>;
}

export function shapeOf(model: DataModelCreate): ModelShape {
  const { fields } = model;
  const key = primaryKeyOf(fields);
  const rest = columnsOf(fields).filter((column) => !key.includes(column));
  const columns = [...key, ...rest.sort()];
  const types = columns.flatMap((column): [string, PostgresType][] => {
    const storage = columnStorage(fields, column);
    return storage.ok ? [[column, storage.type]] : [];
  });
  return {
    model,
    table: `public.${quoteIdentifier(model.table_name)}`,
    key,
    columns,
    nullable: nullableColumns(fields),
    types: new Map(types),
  };
}

/** Columns as SQL writes a list of them. */
export function columnList(columns: readonly string[]): string {
  return `(${columns.map((column) => quoteIdentifier(column)).join(", ")})`;
}

/** Whether two lists name the same columns, in whatever order. */
export function areSameColumns(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((column) => b.includes(column));
}
