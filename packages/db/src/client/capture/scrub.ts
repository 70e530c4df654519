import { REDACTED } from "./redaction.ts";
import type { Secrets } from "./redaction.ts";

/** What must not come back in the answer to a request. */
export interface SentSecrets {
  readonly secrets: Secrets;
  /** Secret values that the request carried, which an error may repeat. */
  readonly values: readonly string[];
  /** The request carried more of them than were looked at. */
  readonly hasMore: boolean;
}

const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"?(\s*:)?/gs;
const KEY = /[Kk]ey \(/g;
const COLUMNS_END = ")=(";
/** Longer than the names of an index's 32 columns are in practice; a bound, so that a text full of keys is read once. */
const MOST_COLUMNS = 600;
const VALUES_END = /\)(?= already exists| is not present| is still referenced| is duplicated| conflicts with|\.?$)/g;

/** Postgres repeats values in its errors: `Key (api_key)=(…)`, `Failing row contains (…)`, and what the request sent. */
export function scrub(text: string, sent: SentSecrets): string {
  return scrubText(text, sent, anyOf(sent.values));
}

/**
 * The same within the strings of a JSON document, or of its beginning. Only there: a value that looks like JSON must not
 * change what the document says, for it becomes a part of the record.
 */
export function scrubJson(json: string, sent: SentSecrets): string {
  const mayRepeat = sent.hasMore || sent.values.length > 0 || json.includes("Failing row") || json.includes("Key (");
  if (!mayRepeat) return json;
  const values = anyOf(sent.values);
  return json.replaceAll(STRINGS, (literal, colon: string | undefined) => {
    if (colon !== undefined) return literal;
    const text = unquoted(literal);
    if (text === undefined) return scrubText(literal, sent, values);
    const clean = scrubText(text, sent, values);
    return clean === text ? literal : JSON.stringify(clean);
  });
}

function scrubText(text: string, sent: SentSecrets, values: RegExp | undefined): string {
  let clean = text;
  if (clean.includes("Failing row contains (")) {
    clean = clean.replace(/Failing row contains \(.*/s, `Failing row contains (${REDACTED}).`);
  }
  if (clean.includes("ey (")) clean = hideKeys(clean, sent.secrets);
  // Postgres puts the value that it complains of in quotes
  if (sent.hasMore) clean = clean.replace(/".*"/s, `"${REDACTED}"`);
  return values === undefined ? clean : clean.replaceAll(values, REDACTED);
}

/**
 * `Key (api_key)=(…) already exists`: hides the values of secret columns, to the text's end where it is cut off.
 * In one pass, and not by one regular expression: anybody may store a text that is full of beginnings of keys.
 */
function hideKeys(text: string, secrets: Secrets): string {
  const ends = [...text.matchAll(VALUES_END)].map(({ index }) => index);
  let clean = "";
  let kept = 0;
  let seen = 0;
  let next = 0;
  for (const { index } of text.matchAll(KEY)) {
    if (index < seen) continue;
    const start = index + "Key (".length;
    const length = text.slice(start, start + MOST_COLUMNS).indexOf(COLUMNS_END);
    if (length === -1) continue;
    seen = start + length + COLUMNS_END.length;
    if (!namesSecret(text.slice(start, start + length), secrets)) continue;
    while ((ends[next] ?? text.length) < seen) next += 1;
    clean += `${text.slice(kept, seen)}${REDACTED}`;
    kept = seen = ends[next] ?? text.length;
  }
  return kept === 0 ? text : clean + text.slice(kept);
}

/** The columns of an index, expressions included: `lower(api_key)`, `"full name", id`. */
function namesSecret(columns: string, secrets: Secrets): boolean {
  return [columns.split(/[\s,:()]+/), columns.split(/\s*,\s*/)].flat().some((column) => secrets.holds(column));
}

/** The values in a piece of JSON as an error may show them: the strings in it, decoded, and the piece itself. */
export function valuesIn(piece: string): string[] {
  try {
    const texts: string[] = [];
    JSON.parse(piece, (_key, value: unknown) => {
      if (typeof value === "string" || typeof value === "number") texts.push(String(value));
      return value;
    });
    return /^[[{]/.test(piece) ? [...texts, piece] : texts;
  } catch {
    return [piece.replaceAll(/^"|"$/g, "")];
  }
}

/** The longest first, so that none is cut by another that it begins with. Undefined for none. */
function anyOf(values: readonly string[]): RegExp | undefined {
  if (values.length === 0) return undefined;
  const literal = (value: string): string => value.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return new RegExp(
    values
      .toSorted((a, b) => b.length - a.length)
      .map(literal)
      .join("|"),
    "g",
  );
}

function unquoted(literal: string): string | undefined {
  try {
    const text: unknown = JSON.parse(literal);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}
