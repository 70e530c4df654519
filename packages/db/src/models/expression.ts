import { isJsonObject, type JsonObject, type JsonValue } from "@waybill/contracts";
import type * as postgres from "pgsql-parser";
import { expressionFault, type ExpressionRules } from "./expression-rules.ts";

type Parser = typeof postgres;
type ParseResult = ReturnType<Parser["parseSync"]>;

/** Loaded when the first expression comes: a megabyte that who only tracks calls does not need. */
async function loadParser(): Promise<Parser> {
  const parser = await import("pgsql-parser");
  await parser.loadModule();
  return parser;
}

export type ReadExpression = { readonly sql: string } | { readonly rule: string; readonly message: string };

/**
 * An author's SQL condition, read by Postgres' own parser, held against `rules`, and written out anew from its tree:
 * what reaches the database is never the author's text. Exactly one expression; nothing else parses.
 */
export async function readExpression(text: string, rules: ExpressionRules): Promise<ReadExpression> {
  const parser = await loadParser();
  // On lines of their own, so that a comment at the end of the expression ends with it.
  const parsed = parsedOrMessage(parser, `select (\n${text}\n)`);
  if (typeof parsed === "string") return { rule: "syntax", message: `must be one SQL condition: ${parsed}` };
  const expression = soleExpression(treeOf(parsed));
  if (expression === null) {
    return { rule: "syntax", message: "must be one SQL condition, without a comma or clause beside it" };
  }
  const fault = expressionFault(expression, rules);
  if (fault !== null) return fault;
  return written(parser, qualified(parsed));
}

/** The tree of an expression that Postgres has written; null when this parser does not read it. */
export async function expressionTree(text: string): Promise<JsonValue | null> {
  const parsed = parsedOrMessage(await loadParser(), `select (\n${text}\n)`);
  return typeof parsed === "string" ? null : soleExpression(treeOf(parsed));
}

function parsedOrMessage(parser: Parser, sql: string): ParseResult | string {
  try {
    return parser.parseSync(sql);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The tree as plain JSON. */
function treeOf(parsed: ParseResult): JsonValue {
  const tree: JsonValue = JSON.parse(JSON.stringify(parsed));
  return tree;
}

/** The expression of `select (expression)`; null when the statement holds anything besides. */
function soleExpression(tree: JsonValue): JsonValue | null {
  const statements = isJsonObject(tree) ? tree["stmts"] : undefined;
  const [first, second] = Array.isArray(statements) ? statements : [];
  if (second !== undefined || !isJsonObject(first) || !isJsonObject(first["stmt"])) return null;
  const select = first["stmt"]["SelectStmt"];
  if (!isJsonObject(select)) return null;
  const { targetList, limitOption: _limit, op, ...rest } = select;
  if (op !== "SETOP_NONE" || Object.keys(rest).length > 0) return null;
  const [target, other] = Array.isArray(targetList) ? targetList : [];
  if (other !== undefined || !isJsonObject(target) || !isJsonObject(target["ResTarget"])) return null;
  const { val, location: _location, ...named } = target["ResTarget"];
  // `a, b` in parentheses would be a row of two.
  const isRow = isJsonObject(val) && "RowExpr" in val;
  return Object.keys(named).length === 0 && val !== undefined && !isRow ? val : null;
}

/** Every table with its schema, so that no search path decides what a subquery reads. */
function qualified(parsed: ParseResult): ParseResult {
  const tree: ParseResult = JSON.parse(JSON.stringify(parsed), (key, value: JsonValue) =>
    key === "RangeVar" && isJsonObject(value) ? { schemaname: "public", ...value } : value,
  );
  return tree;
}

async function written(parser: Parser, tree: ParseResult): Promise<ReadExpression> {
  const statement = await parser.deparse(tree, { pretty: false });
  const again = parsedOrMessage(parser, statement);
  // The writer is no part of Postgres: what it wrote must read as what it was given.
  if (typeof again === "string" || meaning(treeOf(again)) !== meaning(treeOf(tree))) {
    return { rule: "syntax", message: "must be written more simply: Waybill cannot write this expression out again" };
  }
  return { sql: statement.replace(/^select\s*/i, "").replace(/;\s*$/, "") };
}

const places = /^(?:location|.*_location|list_start|list_end|rexpr_list_.*|stmt_len|stmt_location)$/;

/** A tree without the places in the text that its nodes come from. */
function meaning(tree: JsonValue): string {
  return JSON.stringify(tree, (_key, value: JsonValue) => (isJsonObject(value) ? withoutPlaces(value) : value));
}

function withoutPlaces(node: JsonObject): JsonObject {
  const entries = Object.entries(node).filter(([key]) => !places.test(key));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
