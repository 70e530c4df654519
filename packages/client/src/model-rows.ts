import type {
  ChangesOf,
  ColumnOf,
  FilterOf,
  JsonObject,
  KeyOf,
  ModelDefinition,
  NewRowOf,
  RowOf,
} from "@waybill/contracts";
import type { WaybillClient } from "./create-client.ts";

/** Which rows of a model, in which order; without `columns` each row is whole. */
export interface RowQuery<Model extends ModelDefinition, Column extends ColumnOf<Model>> {
  readonly columns?: readonly Column[];
  readonly filters?: readonly FilterOf<Model>[];
  readonly order?: readonly { readonly column: ColumnOf<Model>; readonly direction?: "asc" | "desc" }[];
  readonly limit?: number;
  readonly cursor?: string;
}

export interface RowPage<Row> {
  readonly rows: readonly Row[];
  readonly next_cursor: string | null;
}

/** `data.*` of one model, typed by it. Each call rejects as that of the client does. */
export interface ModelRows<Model extends ModelDefinition> {
  list<Column extends ColumnOf<Model> = ColumnOf<Model>>(
    query?: RowQuery<Model, Column>,
  ): Promise<RowPage<Pick<RowOf<Model>, Column>>>;
  get(key: KeyOf<Model>): Promise<RowOf<Model>>;
  create(row: NewRowOf<Model>): Promise<RowOf<Model>>;
  createMany(rows: readonly NewRowOf<Model>[]): Promise<readonly RowOf<Model>[]>;
  update(key: KeyOf<Model>, changes: ChangesOf<Model>): Promise<RowOf<Model>>;
  /** Answers with the row as it was. */
  remove(key: KeyOf<Model>): Promise<RowOf<Model>>;
}

/**
 * The rows of a model that is known when the program is built (`defineModel`).
 *
 * @example
 * const rows = modelRows(waybill, books);
 * const { rows: page } = await rows.list({ columns: ["title"], filters: [{ column: "pages", op: "gt", value: 100 }] });
 */
export function modelRows<const Model extends ModelDefinition>(
  { data }: Pick<WaybillClient, "data">,
  { model_name: model }: Model,
): ModelRows<Model> {
  // the border: the server holds each row to the model's schema, and has no types of models that it does not know
  const typed = <Answer>(answer: Promise<unknown>): Promise<Answer> => answer as Promise<Answer>;
  return {
    list: ({ columns, filters, order, ...page } = {}) =>
      typed(
        data.list.query({
          ...page,
          model,
          columns: columns && [...columns],
          filters: filters && [...filters],
          order: order && [...order],
        }),
      ),
    get: (key) => typed(data.get.query({ model, key })),
    create: (row) => typed(data.create.mutate({ model, row })),
    createMany: async (rows) => typed(data.createMany.mutate({ model, rows: [...rows] }).then((made) => made.rows)),
    update: (key, changes) => typed(data.update.mutate({ model, key, changes: changes as JsonObject })),
    remove: (key) => typed(data.remove.mutate({ model, key })),
  };
}
