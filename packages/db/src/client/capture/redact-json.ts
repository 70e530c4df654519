import { REDACTED } from "./redaction.ts";

/**
 * Puts `"[redacted]"` in place of the values of secret keys, at any depth, and leaves every other byte as it stands:
 * numbers beyond a double's precision included. Works on the beginning of a document too (a preview): a value that is
 * cut off is redacted as far as it goes. A null says nothing, and stays. JSON within a string is read as well.
 */
export function redactJson(text: string, isSecret: (key: string) => boolean, found?: (value: string) => void): string {
  let out = "";
  let kept = 0;
  let at = text.indexOf('"');
  while (at !== -1) {
    const end = endOfString(text, at);
    const colon = skipSpace(text, end);
    if (text[colon] !== ":") {
      const clean = redactWithin(text.slice(at, end), isSecret, found);
      if (clean !== undefined) {
        out += text.slice(kept, at) + clean;
        kept = end;
      }
      at = text.indexOf('"', end);
      continue;
    }
    const start = skipSpace(text, colon + 1);
    if (!isSecret(unquote(text.slice(at, end))) || text.startsWith("null", start)) {
      at = text.indexOf('"', start);
      continue;
    }
    const stop = endOfValue(text, start);
    found?.(text.slice(start, stop));
    out += `${text.slice(kept, start)}"${REDACTED}"`;
    kept = stop;
    at = text.indexOf('"', stop);
  }
  return kept === 0 ? text : out + text.slice(kept);
}

/** A string that holds JSON itself, as a text column keeps a message: redacted too. Undefined where nothing was. */
function redactWithin(
  literal: string,
  isSecret: (key: string) => boolean,
  found?: (value: string) => void,
): string | undefined {
  if (!literal.includes('\\"') || !/^"\s*(?:\\[nrt]\s*)*[[{]/.test(literal)) return undefined;
  const isCut = endOfString(literal, 0) === literal.length && !isWhole(literal);
  const inner = unquote(isCut ? `${literal.replace(/\\(?:u[\da-f]{0,3})?$/i, "")}"` : literal);
  const clean = redactJson(inner, isSecret, found);
  return clean === inner ? undefined : JSON.stringify(clean);
}

function isWhole(literal: string): boolean {
  try {
    JSON.parse(literal);
    return true;
  } catch {
    return false;
  }
}

/** The number of elements of the array that a text begins with; null for anything else, or beyond `limit` characters. */
export function countRows(text: string, limit: number): number | null {
  let at = skipSpace(text, 0);
  if (text[at] !== "[" || text.length > limit) return null;
  at = skipSpace(text, at + 1);
  if (text[at] === "]") return 0;
  let rows = 0;
  while (at < text.length) {
    rows += 1;
    at = skipSpace(text, endOfValue(text, at));
    if (text[at] === "]") return rows;
    if (text[at] !== ",") return null;
    at = skipSpace(text, at + 1);
  }
  return null;
}

/** Behind the closing quote of the string that begins at `at`; the text's end if it is cut off. */
function endOfString(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (quote !== -1) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first !== "{" && first !== "[") {
    let at = start;
    while (at < text.length && !/[,\]}\s]/.test(text[at] ?? "")) at += 1;
    return at;
  }
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at += 1;
  return at;
}

function unquote(literal: string): string {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    const name: unknown = JSON.parse(literal);
    return typeof name === "string" ? name : literal;
  } catch {
    return literal;
  }
}
