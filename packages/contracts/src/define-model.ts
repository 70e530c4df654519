import type { z } from "zod";
import type { dataModelCreateSchema } from "./data-model.ts";
import type { JsonValue } from "./primitives.ts";

/** What declares a model, written in a program. */
export type ModelDefinition = Readonly<z.input<typeof dataModelCreateSchema>>;

/**
 * A model that is known when a program is built: its rows, keys and filters are typed by its schema. Nothing is checked
 * here but its shape; `models.create` and `models.update` check it whole.
 *
 * @example
 * const books = defineModel({ model_name: "books", table_name: "books", schema_version: "1.0.0", fields: { … } });
 * type Book = RowOf<typeof books>;
 */
export function defineModel<const Model extends ModelDefinition>(model: Model): Model {
  return model;
}

type Fields<Model extends ModelDefinition> = Model["fields"];
type Properties<Model extends ModelDefinition> = Fields<Model>["properties"];

/** The names of a model's columns. */
export type ColumnOf<Model extends ModelDefinition> = keyof Properties<Model> & string;

type Named<Schema, Keyword extends string, Otherwise> = Schema extends {
  readonly [Key in Keyword]: readonly (infer Name extends string)[];
}
  ? Name
  : Otherwise;

type RequiredColumn<Model extends ModelDefinition> = Named<Fields<Model>, "required", never>;

/** The columns of its primary key: `x-primary-key`, else `id`. */
export type KeyColumnOf<Model extends ModelDefinition> = Named<Fields<Model>, "x-primary-key", "id"> & ColumnOf<Model>;

interface Types {
  string: string;
  integer: number;
  number: number;
  boolean: boolean;
  null: null;
  array: readonly JsonValue[];
  object: { readonly [key: string]: JsonValue };
}

/** The values of a column: its enum or const, else by its type; any JSON where that is said otherwise. */
export type ValueOf<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly type: infer Type }
      ? TypeNamed<Type extends readonly (infer One)[] ? One : Type>
      : JsonValue;

type TypeNamed<Type> = Type extends keyof Types ? Types[Type] : JsonValue;

/** A row as it is read: every column is there, and one that need not be given may be null. */
export type RowOf<Model extends ModelDefinition> = {
  [Column in ColumnOf<Model>]:
    | ValueOf<Properties<Model>[Column]>
    | (Column extends RequiredColumn<Model> | KeyColumnOf<Model> ? never : null);
};

/** The columns that the database can fill: those with a default, and those that are not required. */
type FilledColumn<Model extends ModelDefinition> = {
  [Column in ColumnOf<Model>]: Column extends RequiredColumn<Model>
    ? Properties<Model>[Column] extends { readonly default: JsonValue } | { readonly "x-default": string }
      ? Column
      : never
    : Column;
}[ColumnOf<Model>];

/** A row to be created. Null is no value, where a column may hold none. */
export type NewRowOf<Model extends ModelDefinition> = Pick<
  RowOf<Model>,
  Exclude<ColumnOf<Model>, FilledColumn<Model>>
> &
  Partial<Pick<RowOf<Model>, FilledColumn<Model>>>;

/** Changes of a row: some of its columns; null empties one that may hold no value. */
export type ChangesOf<Model extends ModelDefinition> = Partial<RowOf<Model>>;

/** What names one row. */
export type KeyOf<Model extends ModelDefinition> = Pick<RowOf<Model>, KeyColumnOf<Model>>;

/** What a condition compares: plain values. */
type Plain<Schema> = Extract<ValueOf<Schema>, string | number | boolean>;

/** Columns whose type in Postgres has no patterns, though their values are texts. */
type IsText<Schema> = Schema extends
  | { readonly format: "uuid" | "date" | "time" | "date-time" | "duration" | "ipv4" | "ipv6" }
  | { readonly "x-pg": string }
  ? false
  : [Exclude<ValueOf<Schema>, null>] extends [string]
    ? true
    : false;

/** A condition on a column, its value by the column's type. */
export type FilterOf<Model extends ModelDefinition> = {
  [Column in ColumnOf<Model>]:
    | { readonly column: Column; readonly op: "eq" | "neq"; readonly value: Plain<Properties<Model>[Column]> }
    | {
        readonly column: Column;
        readonly op: "gt" | "gte" | "lt" | "lte";
        readonly value: Exclude<Plain<Properties<Model>[Column]>, boolean>;
      }
    | { readonly column: Column; readonly op: "in"; readonly value: readonly Plain<Properties<Model>[Column]>[] }
    | {
        readonly column: Column;
        readonly op: "is";
        readonly value: Extract<ValueOf<Properties<Model>[Column]>, boolean> | null;
      }
    | (IsText<Properties<Model>[Column]> extends true
        ? { readonly column: Column; readonly op: "like" | "ilike"; readonly value: string }
        : never);
}[ColumnOf<Model>];
