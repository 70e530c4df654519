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
// an index holds no key beyond 2,704 bytes
const CONFLICT =
  /([Kk])ey \((.{1,600}?)\)=\((.{0,3000}?)\)(?= already exists| is not present| is still referenced| is duplicated| conflicts with|\.?$)/gs;

/** Postgres repeats values in its errors: `Key (api_key)=(…)`, `Failing row contains (…)`, and what the request sent. */
export function scrub(text: string, sent: SentSecrets): string {
  let clean = text;
  if (clean.includes("Failing row contains (")) {
    clean = clean.replace(/Failing row contains \(.*/s, `Failing row contains (${REDACTED}).`);
  }
  if (clean.includes("Key (")) {
    clean = clean.replaceAll(CONFLICT, (whole, k: string, columns: string) =>
      columns.split(/[\s,:()]+/).some((column) => sent.secrets.holds(column))
        ? `${k}ey (${columns})=(${REDACTED})`
        : whole,
    );
  }
  // Postgres puts the value that it complains of in quotes
  if (sent.hasMore) clean = clean.replace(/".*"/s, `"${REDACTED}"`);
  return sent.values.length === 0 ? clean : clean.replaceAll(anyOf(sent.values), REDACTED);
}

/**
 * The same within the strings of a JSON document, or of its beginning. Only there: a value that looks like JSON must not
 * change what the document says, for it becomes a part of the record.
 */
export function scrubJson(json: string, sent: SentSecrets): string {
  const mayRepeat = sent.hasMore || sent.values.length > 0 || json.includes("Failing row") || json.includes("Key (");
  if (!mayRepeat) return json;
  return json.replaceAll(STRINGS, (literal, colon: string | undefined) => {
    if (colon !== undefined) return literal;
    const text = unquoted(literal);
    if (text === undefined) return scrub(literal, sent);
    const clean = scrub(text, sent);
    return clean === text ? literal : JSON.stringify(clean);
  });
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

/** The longest first, so that none is cut by another that it begins with. */
function anyOf(values: readonly string[]): RegExp {
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
