import { isJsonObject, type JsonObject, type JsonValue } from "@waybill/contracts";
import { isWaybillTable } from "./waybill-tables.ts";

/** What an expression may look at, and how far. */
export interface ExpressionRules {
  readonly table: string;
  readonly columns: readonly string[];
  /** `policy` may ask who calls and read other tables of `public`; `index` is about the row alone. */
  readonly for: "policy" | "index";
}

export interface ExpressionFault {
  readonly rule: string;
  readonly message: string;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Kinds of nodes of Postgres' parser that only compute. */
const plainNodes = words(
  `A_ArrayExpr A_Const A_Expr A_Indices A_Indirection BoolExpr BooleanTest CaseExpr CaseWhen CoalesceExpr ColumnRef Float
  FuncCall Integer List MinMaxExpr NullTest RowExpr String TypeCast`,
);

/** What a policy may have besides: who calls, and subqueries. */
const policyNodes = words(
  "A_Star JoinExpr RangeSubselect RangeVar ResTarget SelectStmt SQLValueFunction SubLink SortBy",
);

/** Of a subquery: no INTO, no FOR UPDATE, no WITH, no VALUES, no set operation. */
const selectKeys = words(
  "all distinctClause fromClause groupClause havingClause limitCount limitOption op sortClause targetList whereClause",
);

/** Of a call: no window, no ordered or filtered aggregate, no VARIADIC. */
const callKeys = words("args funcformat funcname location agg_star agg_distinct");

const immutableFunctions = words(
  `abs array_length array_position btrim cardinality ceil char_length date_part extract floor greatest jsonb_array_length
  jsonb_typeof json_typeof left length like_escape lower ltrim mod num_nonnulls num_nulls octet_length overlay position
  replace right round rtrim sign similar_to_escape split_part starts_with strpos substr substring timezone trunc upper`,
);

const policyFunctions = words(
  `age array_agg bool_and bool_or clock_timestamp count date_trunc jsonb_array_elements jsonb_array_elements_text
  jsonb_exists jsonb_path_exists max min now string_to_array sum to_jsonb unnest`,
);

const authFunctions = words("email jwt role uid");

const castTypes = words(
  `bool bpchar date float4 float8 int2 int4 int8 interval json jsonb numeric text time timestamp timestamptz timetz uuid
  varchar`,
);

/** The first thing in an expression that the rules do not allow; null when there is none. */
export function expressionFault(expression: JsonValue, rules: ExpressionRules): ExpressionFault | null {
  return visit(expression, rules, false);
}

function visit(value: JsonValue, rules: ExpressionRules, inside: boolean): ExpressionFault | null {
  if (Array.isArray(value)) return firstFault(value, (item) => visit(item, rules, inside));
  if (!isJsonObject(value)) return null;
  return firstFault(Object.entries(value), ([key, part]) => {
    // The parser's nodes begin with a capital; everything else is a field of one.
    if (!/^[A-Z]/.test(key)) return visit(part, rules, inside);
    const fault = nodeFault(key, part, rules, inside);
    return fault ?? visit(part, rules, inside || key === "SubLink");
  });
}

function firstFault<Item>(items: readonly Item[], look: (item: Item) => ExpressionFault | null) {
  for (const item of items) {
    const fault = look(item);
    if (fault !== null) return fault;
  }
  return null;
}

function nodeFault(kind: string, node: JsonValue, rules: ExpressionRules, inside: boolean): ExpressionFault | null {
  if (!plainNodes.has(kind) && !(rules.for === "policy" && policyNodes.has(kind))) return kindFault(kind, rules);
  if (!isJsonObject(node)) return null;
  switch (kind) {
    case "A_Expr":
      return operatorFault(node);
    case "ColumnRef":
      return inside ? null : columnFault(node, rules);
    case "FuncCall":
      return callFault(node, rules);
    case "RangeVar":
      return tableFault(node);
    case "SelectStmt":
      return selectFault(node);
    case "TypeCast":
      return castFault(node);
    default:
      return null;
  }
}

function kindFault(kind: string, rules: ExpressionRules): ExpressionFault {
  if (rules.for === "index" && policyNodes.has(kind)) {
    return { rule: "row-only", message: "must be about the row alone: an index cannot ask who calls or read a table" };
  }
  return { rule: "expression", message: `must be a plain condition: ${kind} is none; leave it out` };
}

function operatorFault(node: JsonObject): ExpressionFault | null {
  const names = namesOf(node["name"]);
  if (names.length === 1) return null;
  return { rule: "operator", message: "must use operators by their plain names, without OPERATOR(schema.name)" };
}

function columnFault(node: JsonObject, rules: ExpressionRules): ExpressionFault | null {
  const names = namesOf(node["fields"]);
  const [first = "", second] = names;
  const column = second ?? first;
  const isOfTable = second === undefined || (names.length === 2 && first === rules.table);
  if (isOfTable && rules.columns.includes(column)) return null;
  const name = names.length === 0 ? "*" : names.join(".");
  return {
    rule: "column",
    message: `must name columns of ${rules.table}: ${name} is none; add it or correct the name`,
  };
}

function callFault(node: JsonObject, rules: ExpressionRules): ExpressionFault | null {
  const names = namesOf(node["funcname"]);
  const [schema, name = ""] = names.length === 2 ? names : ["pg_catalog", names[0]];
  const extra = Object.keys(node).find((key) => !callKeys.has(key));
  if (extra !== undefined) return { rule: "function", message: `must call ${name} plainly, without ${extra}` };
  if (schema === "pg_catalog" && immutableFunctions.has(name)) return null;
  if (rules.for === "policy") {
    if (schema === "pg_catalog" && policyFunctions.has(name)) return null;
    if (schema === "auth" && authFunctions.has(name)) return null;
    // A function of the project's own: what it may do was decided in the migration that made it.
    if (schema === "public") return null;
  }
  const written = schema === "pg_catalog" ? name : `${schema}.${name}`;
  return { rule: "function", message: `must not call ${written}: ${remedyFor(name, rules)}` };
}

function remedyFor(name: string, rules: ExpressionRules): string {
  if (name === "current_setting") return "read the caller's token by auth.jwt()";
  if (rules.for === "index") return "an index needs a function whose answer never changes";
  return "use a function of the known ones, of auth, or one of public by its full name";
}

function tableFault(node: JsonObject): ExpressionFault | null {
  const { catalogname: catalog, schemaname: schema = "public", relname: name } = node;
  if (typeof schema !== "string" || typeof name !== "string") return { rule: "table", message: "must name its tables" };
  if (catalog !== undefined || schema !== "public") {
    return { rule: "table", message: `must read tables of public only: ${schema}.${name} is none` };
  }
  return isWaybillTable(name) ? { rule: "table", message: `must not read ${name}, a table of Waybill itself` } : null;
}

function selectFault(node: JsonObject): ExpressionFault | null {
  const extra = Object.keys(node).find((key) => !selectKeys.has(key));
  if (extra !== undefined || node["op"] !== "SETOP_NONE") {
    const message = "must have subqueries of select, from, where, group by, having, order by and limit only";
    return { rule: "subquery", message };
  }
  return null;
}

function castFault(node: JsonObject): ExpressionFault | null {
  const type = isJsonObject(node["typeName"]) ? node["typeName"] : {};
  const names = namesOf(type["names"]);
  const name = names.at(-1) ?? "";
  const isKnown = castTypes.has(name) && (names.length === 1 || (names.length === 2 && names[0] === "pg_catalog"));
  if (isKnown && type["setof"] === undefined && type["pct_type"] === undefined) return null;
  return { rule: "cast", message: `must cast to plain types such as text or uuid, not ${names.join(".")}` };
}

/** The texts of a list of String nodes; a star or anything else is left out. */
function namesOf(list: JsonValue | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item) => {
    const text = isJsonObject(item) ? item["String"] : undefined;
    const name = isJsonObject(text) ? text["sval"] : undefined;
    return typeof name === "string" ? [name] : [];
  });
}
