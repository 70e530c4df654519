import { quotedKeywords } from "./keywords.ts";

/** NAMEDATALEN - 1: Postgres cuts a longer name at a character's border, with a notice. */
const MAX_BYTES = 63;
const PLAIN = /^[a-z_][a-z0-9_]*$/;

/**
 * One part of a name as Postgres would write it (`quote_ident`): plain, or in double quotes, at most 63 bytes.
 * Anything gives a valid identifier: what Postgres cannot store in a name (NUL, nothing at all) is replaced.
 */
export function quoteIdent(name: string): string {
  const stored = cut(name.replaceAll("\0", "\uFFFD").toWellFormed()) || "?";
  return PLAIN.test(stored) && !quotedKeywords.has(stored) ? stored : `"${stored.replaceAll('"', '""')}"`;
}

/** `schema.name`, or `name` alone in schema public. */
export function qualifiedName(schema: string | null, name: string): string {
  return schema === null || schema === "" || schema === "public"
    ? quoteIdent(name)
    : `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

function cut(name: string): string {
  if (name.length * 3 <= MAX_BYTES || Buffer.byteLength(name) <= MAX_BYTES) return name;
  let bytes = 0;
  let kept = "";
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_BYTES) break;
    kept += character;
  }
  return kept;
}
