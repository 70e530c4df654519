import { z } from "zod";
import { columnNameSchema, isJsonObject, type JsonObject, type JsonValue, jsonValueSchema } from "./primitives.ts";

export const filterOperators = [
  "eq",
  "neq",
  "gt",
  "gte",
  "lt",
  "lte",
  "like",
  "ilike",
  "in",
  "is",
  "contains",
  /** Full-text search, asked as one asks a search engine: words, "a phrase", or, -not. */
  "search",
] as const;

/** One condition on a column. */
export const dataFilterSchema = z
  .strictObject({
    column: columnNameSchema,
    op: z.enum(filterOperators, { error: `must be one of ${filterOperators.join(", ")}` }),
    value: jsonValueSchema,
  })
  .superRefine(({ op, value }, context) => {
    const fault = operandFault(op, value);
    if (fault !== null) context.addIssue({ code: "custom", path: ["value"], message: fault });
  });
export type DataFilter = z.output<typeof dataFilterSchema>;

type Operator = (typeof filterOperators)[number];

export const isPlain = (value: JsonValue): boolean => typeof value !== "object";

/** Values in one list of `in` or `contains`. */
const operandLimit = 200;

function operandFault(op: Operator, value: JsonValue): string | null {
  if (op === "in") {
    // PostgREST would take a null among them for the text "null"; in SQL it equals nothing.
    return isPlainList(value) ? null : "must be an array of 1 to 200 plain values for in; ask for null with is";
  }
  if (op === "contains") {
    if (isPlainList(value) || (isJsonObject(value) && Object.keys(value).length > 0)) return null;
    return "must be an array of 1 to 200 plain values, or an object with at least one key, for contains";
  }
  if (op === "is") return value === null || typeof value === "boolean" ? null : "must be null, true or false for is";
  if (op === "search") {
    return typeof value === "string" && value.trim() !== "" ? null : "must be words to look for, as text, for search";
  }
  if (op === "like" || op === "ilike") return typeof value === "string" ? null : `must be a pattern as text for ${op}`;
  return isPlain(value) ? null : `must be one plain value for ${op}; ask for null with is`;
}

function isPlainList(value: JsonValue): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= operandLimit && value.every(isPlain);
}

/** Conditions joined by `and`, `or` and `not`, as SQL joins them: what is neither true nor false finds no row. */
export type DataWhere =
  | DataFilter
  | { readonly and: readonly DataWhere[] }
  | { readonly or: readonly DataWhere[] }
  | { readonly not: DataWhere };

/** Levels of a tree, a condition alone being one. */
export const whereDepthLimit = 6;
/** Conditions and groups in one tree. */
export const whereSizeLimit = 50;

/** Passed on as it is. The bounds hold while it is looked through, so that no tree costs more than they allow. */
export const dataWhereSchema = z
  .custom<DataWhere>(isJsonObject, { error: "must be a condition, or { and }, { or } or { not }", abort: true })
  .superRefine((tree, context) => {
    const issue = whereFault(tree);
    if (issue !== null) context.addIssue({ code: "custom", path: [...issue.path], message: issue.message });
  });

type Path = readonly (string | number)[];
interface Fault {
  readonly path: Path;
  readonly message: string;
}

function whereFault(tree: unknown): Fault | null {
  let left = whereSizeLimit;
  const look = (node: unknown, path: Path, levels: number): Fault | null => {
    left -= 1;
    if (left < 0) return { path: [], message: `must hold at most ${whereSizeLimit} conditions and groups` };
    if (levels === 0) return { path, message: `must not be deeper than ${whereDepthLimit} levels; flatten it` };
    if (!isJsonObject(node)) return { path, message: "must be a condition, or { and }, { or } or { not }" };
    const [key, ...others] = Object.keys(node);
    if (key !== "and" && key !== "or" && key !== "not") return conditionFault(node, path);
    if (others.length > 0) return { path, message: `must have no other key beside ${key}; put both into one and` };
    const inner = node[key];
    if (key === "not") return look(inner, [...path, key], levels - 1);
    if (!Array.isArray(inner) || inner.length === 0) {
      return { path: [...path, key], message: "must be an array of at least one condition" };
    }
    for (const [index, child] of inner.entries()) {
      const fault = look(child, [...path, key, index], levels - 1);
      if (fault !== null) return fault;
    }
    return null;
  };
  return look(tree, [], whereDepthLimit);
}

function conditionFault(node: JsonObject, path: Path): Fault | null {
  const issue = dataFilterSchema.safeParse(node).error?.issues[0];
  if (issue === undefined) return null;
  const within = issue.path.filter((part) => typeof part !== "symbol");
  const message =
    issue.code === "unrecognized_keys" ? "must have column, op and value, and no other key" : issue.message;
  return { path: [...path, ...within], message };
}
