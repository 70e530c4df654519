import { randomUUID } from "node:crypto";

// lite reads `eq.true` as a boolean, `eq.1.00` as a number and `eq.null` as NULL, whatever the column's type,
// and trims what is left. A value in double quotes it takes as it stands, less the outer quotes. So every value
// is quoted before lite sees it, and Postgres alone decides what the text means, as under PostgREST.
// In a tree of conditions lite also counts quotes and parentheses inside of values: there a value that holds
// one is replaced by a name, and put back when lite has read the tree.

/** The values that names stand for, until {@link withLiterals} puts them back. */
export type Literals = Map<string, string>;

const reserved = new Set(["select", "order", "limit", "offset", "on_conflict", "columns", "apikey"]);
const embeddedReserved = /\.(?:order|limit|offset)$/;
const logic = /^(?:[^=]*\.)?(?:not\.)?(?:and|or)$/;
const scalar = /^((?:not\.)?(?:eq|neq|gt|gte|lt|lte|match|imatch)\.)([\s\S]*)$/;
const list = /^((?:not\.)?in\.)\(([\s\S]*)\)$/;
const quantified = /^((?:not\.)?(?:eq|gt|gte|lt|lte|like|ilike|match|imatch)\((?:any|all)\)\.)\{([\s\S]*)\}$/;
const containment = /^((?:not\.)?(?:cs|cd|ov)\.)\{([\s\S]*)\}$/;
const operator =
  /^(?:not\.)?(?:eq|neq|gt|gte|lt|lte|like|ilike|match|imatch|is|isdistinct|in|cs|cd|ov|sl|sr|nxl|nxr|adj|fts|plfts|phfts|wfts)(?:\([^)]*\))?\./;

/** The same request with every filter value made literal; the request itself if it has none. */
export function withLiteralFilters(request: Request, literals: Literals): Request {
  const url = new URL(request.url);
  if (url.search === "") return request;
  const isCall = url.pathname.includes("/rpc/");
  let changed = false;
  const parameters = new URLSearchParams();
  for (const [key, value] of url.searchParams) {
    const literal = literalParameter(key, value, isCall, literals);
    changed ||= literal !== value;
    parameters.append(key, literal);
  }
  if (!changed) return request;
  url.search = parameters.toString();
  return new Request(url, request);
}

/** What lite made of the request, with the values in the place of their names. */
export function withLiterals<T>(tree: T, literals: Literals): T;
export function withLiterals(tree: unknown, literals: Literals): unknown {
  if (literals.size === 0) return tree;
  if (typeof tree === "string") return literals.get(tree) ?? tree;
  if (Array.isArray(tree)) return tree.map((item: unknown) => withLiterals(item, literals));
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, withLiterals<unknown>(value, literals)]));
}

function literalParameter(key: string, value: string, isCall: boolean, literals: Literals): string {
  if (reserved.has(key) || embeddedReserved.test(key)) return value;
  if (logic.test(key) && value.startsWith("(") && value.endsWith(")")) return literalTree(value, literals);
  // What is no filter in a GET of a function is one of its arguments.
  if (isCall && !operator.test(value)) return quote(value);
  return literalFilter(value);
}

/** `op.value` with its value, or each of its list of values, quoted. */
function literalFilter(filter: string): string {
  const inList = list.exec(filter);
  if (inList) return `${inList[1]}(${literalList(inList[2] ?? "")})`;
  const items = quantified.exec(filter) ?? containment.exec(filter);
  if (items) return isJsonObject(`{${items[2]}}`) ? filter : `${items[1]}{${literalList(items[2] ?? "")}}`;
  const one = scalar.exec(filter);
  return one ? `${one[1]}${quote(one[2] ?? "")}` : filter;
}

function quote(value: string): string {
  return `"${value}"`;
}

function isJsonObject(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The items of `in.(…)`: quoted ones stand as they are, unless `encode` has another way for all. */
function literalList(items: string, encode?: (value: string) => string): string {
  if (items === "") return items;
  return splitTop(items)
    .map((item) => {
      const quoted = isQuoted(item.trim());
      if (encode) return encode(quoted ? unquote(item.trim()) : item);
      return quoted ? item.trim() : quote(item.replace(/["\\]/g, "\\$&"));
    })
    .join(",");
}

/** `(a.eq.1,or(b.gt.2,c.is.null))`, in which a quoted value may hold commas, parentheses and quotes. */
function literalTree(tree: string, literals: Literals): string {
  const branches = splitTop(tree.slice(1, -1)).map((branch) => {
    const nested = /^(\s*(?:not\.)?(?:and|or)\s*)(\([\s\S]*\))\s*$/.exec(branch);
    if (nested) return `${nested[1]}${literalTree(nested[2] ?? "", literals)}`;
    const column = /^\s*(?:"(?:[^"\\]|\\.)*"|[^."(])+\./.exec(branch);
    if (!column) return branch;
    return column[0] + literalBranch(branch.slice(column[0].length), literals);
  });
  return `(${branches.join(",")})`;
}

function literalBranch(filter: string, literals: Literals): string {
  const encode = (value: string): string => (/["\\(){}]/.test(value) ? named(value, literals) : quote(value));
  const inList = list.exec(filter);
  if (inList) return `${inList[1]}(${literalList(inList[2] ?? "", encode)})`;
  const items = quantified.exec(filter) ?? containment.exec(filter);
  if (items) return isJsonObject(`{${items[2]}}`) ? filter : `${items[1]}{${literalList(items[2] ?? "", encode)}}`;
  const one = scalar.exec(filter);
  if (one) return `${one[1]}${encode(isQuoted(one[2] ?? "") ? unquote(one[2] ?? "") : (one[2] ?? ""))}`;
  // Of other operators lite takes the quotes for a part of the value.
  const other = /^((?:not\.)?(\w+)(?:\([^)]*\))?\.)("[\s\S]*")$/.exec(filter);
  if (!other || !isQuoted(other[3] ?? "")) return filter;
  const value = unquote(other[3] ?? "");
  return `${other[1]}${named(/^i?like$/.test(other[2] ?? "") ? value.replaceAll("*", "%") : value, literals)}`;
}

function named(value: string, literals: Literals): string {
  const name = `literal-${randomUUID()}`;
  literals.set(name, value);
  return name;
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\([\s\S])/g, "$1");
}

function isQuoted(value: string): boolean {
  return /^"(?:[^"\\]|\\[\s\S])*"$/.test(value);
}

/** A quote in the middle of a value is a part of it. */
function opensQuotes(before: string | undefined): boolean {
  return before === undefined || ",.({ ".includes(before);
}

/** Splits at the commas outside of quotes, parentheses and braces. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"' && opensQuotes(text[at - 1])) quoted = true;
    else if (character === "(" || character === "{") depth += 1;
    else if (character === ")" || character === "}") depth -= 1;
    else if (character === "," && depth <= 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
