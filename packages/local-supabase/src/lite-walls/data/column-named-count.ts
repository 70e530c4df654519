import type { Introspection } from "./exposed-schema.ts";
import type { RequestTree } from "./faithful-input.ts";

/** What lite makes of `select=…`: names, `{ alias: field }`, and `{ alias: { select, join } }` for an embedded table. */
type SelectEntry = string | { readonly [alias: string]: unknown };

interface Selecting {
  select?: unknown;
  /** By alias; `from` where the alias is not the table's name. */
  join?: unknown;
}

/**
 * A column named `count` is selected as PostgREST selects it. lite takes the bare word for the aggregate, so that a
 * table with such a column answers with groups and their sizes instead of its rows.
 */
export function columnNamedCount<T extends RequestTree & Selecting>(tree: T, introspection: Introspection): T {
  const schema = tree.schema ?? introspection.default_schema ?? "public";
  const columns = introspection.columns.filter((column) => column.name === "count" && column.schema === schema);
  const tables = new Set(columns.map(({ table }) => table));
  return tables.size === 0 ? tree : withColumns(tree, tree.from, tables);
}

function withColumns<T extends Selecting>(node: T, from: string | undefined, tables: ReadonlySet<string>): T {
  if (!isSelect(node.select)) return node;
  const tableOf = (alias: string): string => {
    const join = isObject(node.join) ? node.join[alias] : undefined;
    return isObject(join) && typeof join["from"] === "string" ? join["from"] : alias;
  };
  const select = node.select.flatMap((entry): SelectEntry[] => {
    if (typeof entry === "string") return [entry];
    return Object.entries(entry).map(([alias, field]): SelectEntry => {
      if (!isObject(field)) return { [alias]: field };
      if ("select" in field) return { [alias]: withColumns(field, tableOf(alias), tables) };
      const { aggregate, bareCount, ...rest } = field;
      const isColumn = aggregate === "count" && bareCount === true && from !== undefined && tables.has(from);
      if (!isColumn) return { [alias]: field };
      if (alias !== "count") return { [alias]: { column: "count", ...rest } };
      return Object.keys(rest).length === 0 ? "count" : { count: rest };
    });
  });
  return { ...node, select };
}

function isSelect(value: unknown): value is SelectEntry[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string" || isObject(entry));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
