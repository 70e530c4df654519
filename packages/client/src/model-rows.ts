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
  definition: Model,
): ModelRows<Model> {
  const model = definition.model_name;
  const all = Object.keys(definition.fields.properties);
  const isWhole = (row: unknown): row is RowOf<Model> => hasColumns(row, all);
  const whole = (row: unknown): RowOf<Model> => {
    if (isWhole(row)) return row;
    throw otherVersion(model);
  };
  return {
    async list<Column extends ColumnOf<Model>>(query: RowQuery<Model, Column> = {}) {
      const { columns, filters, order, ...page } = query;
      const { rows, next_cursor } = await data.list.query({
        ...page,
        model,
        columns: columns && [...columns],
        filters: filters && [...filters],
        order: order && [...order],
      });
      const isAsked = (row: unknown): row is Pick<RowOf<Model>, Column> => hasColumns(row, columns ?? all);
      const answered = (row: unknown): Pick<RowOf<Model>, Column> => {
        if (isAsked(row)) return row;
        throw otherVersion(model);
      };
      return { rows: rows.map(answered), next_cursor };
    },
    get: async (key) => whole(await data.get.query({ model, key })),
    create: async (row) => whole(await data.create.mutate({ model, row })),
    createMany: async (rows) => (await data.createMany.mutate({ model, rows: [...rows] })).rows.map(whole),
    async update(key, changes) {
      if (!isJson(changes)) throw new TypeError(`Give each changed column of ${model} a value; null empties it`);
      return whole(await data.update.mutate({ model, key, changes }));
    },
    remove: async (key) => whole(await data.remove.mutate({ model, key })),
  };
}

/** The border: the server holds the values to its model; that it has the same columns is seen here. */
function hasColumns(row: unknown, columns: readonly string[]): boolean {
  return typeof row === "object" && row !== null && columns.every((column) => Object.hasOwn(row, column));
}

function isJson<Changes extends object>(changes: Changes): changes is Changes & JsonObject {
  return Object.values(changes).every((value) => value !== undefined);
}

function otherVersion(model: string): TypeError {
  return new TypeError(
    `The server's rows of ${model} lack columns of this program's model: define it as models.get has it now`,
  );
}
