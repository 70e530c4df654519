import type { Introspection } from "./exposed-schema.ts";

/** What lite makes of a request before it becomes SQL: the parts that this wall reads and writes. */
export interface RequestTree {
  type?: string;
  from?: string;
  function?: string;
  schema?: string;
  values?: object | object[];
  args?: object | unknown[];
  httpMethod?: "GET" | "POST";
  $meta?: { columns?: string[]; missing?: "null" | "default" };
}

/**
 * Makes of a request's body what PostgREST makes of it:
 * a JSON string for a json column stays JSON, and a row that lacks one of `columns` gets NULL there,
 * or the default with `Prefer: missing=default`. lite writes the default in both cases, and answers NULL.
 */
export function faithfulInput<T extends RequestTree>(tree: T, introspection: Introspection): T {
  if (tree.type === "rpc") return faithfulCall(tree, introspection);
  if (tree.values === undefined || tree.from === undefined) return tree;
  const { from, $meta } = tree;
  const schema = tree.schema ?? introspection.default_schema ?? "public";
  const types = new Map(
    introspection.columns
      .filter((column) => column.table === from && column.schema === schema)
      .map((column) => [column.name, column.pg_type ?? column.type]),
  );
  const missing = $meta?.missing === "default" ? undefined : null;
  const blank = Object.fromEntries(($meta?.columns ?? []).map((column) => [column, missing]));
  const faithfulRow = (row: unknown): unknown => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
    return mapValues({ ...blank, ...row }, (value, column) => beforeCoercion(value, types.get(column)));
  };
  const values = Array.isArray(tree.values) ? tree.values.map(faithfulRow) : faithfulRow(tree.values);
  return { ...tree, values };
}

function faithfulCall<T extends RequestTree>(tree: T, introspection: Introspection): T {
  // Arguments of a GET are text already, of which Postgres makes json.
  if (tree.httpMethod === "GET" || tree.args === undefined || Array.isArray(tree.args)) return tree;
  const schema = tree.schema ?? introspection.default_schema ?? "public";
  const jsonArguments = new Set(
    (introspection.functions ?? [])
      .filter((candidate) => candidate.name === tree.function && candidate.schema === schema)
      .flatMap(({ arg_names, arg_types }) => arg_names.filter((_, index) => isJson(arg_types[index]))),
  );
  if (jsonArguments.size === 0) return tree;
  return {
    ...tree,
    args: mapValues(tree.args, (value, name) =>
      typeof value === "string" && jsonArguments.has(name) ? JSON.stringify(value) : value,
    ),
  };
}

function mapValues(object: object, map: (value: unknown, key: string) => unknown): object {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}

function isJson(type: string | undefined): boolean {
  return type === "json" || type === "jsonb";
}

/** The value of which lite's coercions, and the guesses of the native driver, make the right one. */
function beforeCoercion(value: unknown, type: string | undefined): unknown {
  if (value === null || value === undefined) return value;
  // lite parses the text as JSON and sends the result, which has to be JSON again.
  if (isJson(type)) return JSON.stringify(JSON.stringify(value));
  // lite would pass it through a double.
  if (type === "int8" && typeof value === "string" && /^[+-]?\d{1,19}$/.test(value)) return BigInt(value);
  if (typeof value === "boolean" && type !== "bool") return String(value);
  if (typeof value === "object" && textTypes.has(type ?? "")) return JSON.stringify(value);
  return value;
}

const textTypes = new Set(["text", "varchar", "bpchar"]);
