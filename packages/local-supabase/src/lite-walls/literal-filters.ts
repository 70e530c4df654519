// lite reads `eq.true` as a boolean, `eq.1.00` as a number and `eq.null` as NULL, whatever the column's type,
// and trims what is left. A value in double quotes it takes as it stands, less the outer quotes. So every value
// is quoted before lite sees it, and Postgres alone decides what the text means, as under PostgREST.

const reserved = new Set(["select", "order", "limit", "offset", "on_conflict", "columns", "apikey"]);
const embeddedReserved = /\.(?:order|limit|offset)$/;
const logic = /^(?:[^=]*\.)?(?:not\.)?(?:and|or)$/;
const scalar = /^(?:not\.)?(?:eq|neq|gt|gte|lt|lte|match|imatch)\.(?=([\s\S]*))/;
const list = /^((?:not\.)?in\.)\(([\s\S]*)\)$/;
const quantified = /^((?:not\.)?(?:eq|gt|gte|lt|lte|like|ilike|match|imatch)\((?:any|all)\)\.)\{([\s\S]*)\}$/;
const containment = /^((?:not\.)?(?:cs|cd|ov)\.)\{([\s\S]*)\}$/;
const operator =
  /^(?:not\.)?(?:eq|neq|gt|gte|lt|lte|like|ilike|match|imatch|is|isdistinct|in|cs|cd|ov|sl|sr|nxl|nxr|adj|fts|plfts|phfts|wfts)(?:\([^)]*\))?\./;

/** The same request with every filter value quoted; the request itself if there is nothing to quote. */
export function withLiteralFilters(request: Request): Request {
  const url = new URL(request.url);
  if (url.search === "") return request;
  const isCall = url.pathname.includes("/rpc/");
  let changed = false;
  const parameters = new URLSearchParams();
  for (const [key, value] of url.searchParams) {
    const literal = literalParameter(key, value, isCall);
    changed ||= literal !== value;
    parameters.append(key, literal);
  }
  if (!changed) return request;
  url.search = parameters.toString();
  return new Request(url, request);
}

function literalParameter(key: string, value: string, isCall: boolean): string {
  if (reserved.has(key) || embeddedReserved.test(key)) return value;
  if (logic.test(key) && value.startsWith("(") && value.endsWith(")")) return literalTree(value);
  // What is no filter in a GET of a function is one of its arguments.
  if (isCall && !operator.test(value)) return quote(value);
  return literalFilter(value);
}

/** `op.value` with its value or list of values quoted; `takeQuotes` when quotes are the syntax's own. */
function literalFilter(filter: string, takeQuotes = false): string {
  const inList = list.exec(filter);
  if (inList) return `${inList[1]}(${literalList(inList[2] ?? "")})`;
  const items = quantified.exec(filter) ?? containment.exec(filter);
  if (items) return isJsonObject(`{${items[2]}}`) ? filter : `${items[1]}{${literalList(items[2] ?? "")}}`;
  const one = scalar.exec(filter);
  if (!one) return filter;
  const value = one[1] ?? "";
  return filter.slice(0, filter.length - value.length) + (takeQuotes && isQuoted(value) ? value : quote(value));
}

function quote(value: string): string {
  return `"${value}"`;
}

function escapeQuoted(value: string): string {
  return quote(value.replace(/["\\]/g, "\\$&"));
}

function isJsonObject(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The items of `in.(…)`: quoted ones stand as they are. */
function literalList(items: string): string {
  if (items === "") return items;
  return splitTop(items)
    .map((item) => (isQuoted(item.trim()) ? item.trim() : escapeQuoted(item)))
    .join(",");
}

/** `(a.eq.1,or(b.gt.2,c.is.null))`, in which a quoted value may hold commas and parentheses. */
function literalTree(tree: string): string {
  const branches = splitTop(tree.slice(1, -1)).map((branch) => {
    const nested = /^(\s*(?:not\.)?(?:and|or)\s*)(\([\s\S]*\))\s*$/.exec(branch);
    if (nested) return `${nested[1]}${literalTree(nested[2] ?? "")}`;
    const column = /^\s*(?:"(?:[^"\\]|\\.)*"|[^."(])+\./.exec(branch);
    if (!column) return branch;
    return column[0] + literalBranch(branch.slice(column[0].length));
  });
  return `(${branches.join(",")})`;
}

/** One condition of a tree. lite counts every quote there, so a value that holds one becomes a list item. */
function literalBranch(filter: string): string {
  const pattern = /^((?:not\.)?i?like)\.("[\s\S]*")$/.exec(filter);
  // lite takes the quotes of a pattern for a part of it, but not those of a list of patterns.
  if (pattern) return `${pattern[1]}(any).{${evenQuotes(pattern[2] ?? "")}}`;
  const one = scalar.exec(filter);
  const value = one?.[1] ?? "";
  const name = filter.slice(0, filter.length - value.length - 1);
  if (!one || !value.includes('"') || isPlainlyQuoted(value)) return literalFilter(filter, true);
  const item = evenQuotes(isQuoted(value) ? value : escapeQuoted(value));
  if (!name.endsWith("neq")) return `${name}(any).{${item}}`;
  return `${name === "neq" ? "not." : ""}in.(${item})`;
}

/** Twice, which means the same in a list, where once would leave lite inside a quotation. */
function evenQuotes(item: string): string {
  return item.split('"').length % 2 === 1 ? item : `${item},${item}`;
}

function isPlainlyQuoted(value: string): boolean {
  return /^"[^"\\]*"$/.test(value);
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
