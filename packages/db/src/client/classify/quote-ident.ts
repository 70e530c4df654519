import { identifierByteLimit, quoteIdentifier } from "@waybill/contracts";

const REMEMBERED = 1000;
const known = new Map<string, string>();

/**
 * One part of a name as Postgres would write it (`quote_ident`): plain, or in double quotes, at most 63 bytes.
 * Anything gives a valid identifier: what Postgres cannot store in a name (NUL, nothing at all) is replaced.
 */
export function quoteIdent(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const quoted = quoteIdentifier(cut(name.replaceAll("\0", "\uFFFD").toWellFormed()) || "?");
  // a project has few names, but what callers send has no end
  if (known.size < REMEMBERED && name.length <= identifierByteLimit) known.set(name, quoted);
  return quoted;
}

/** `schema.name`, or `name` alone in schema public. */
export function qualifiedName(schema: string | undefined, name: string): string {
  return schema === undefined || schema === "" || schema === "public"
    ? quoteIdent(name)
    : `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** A longer name ends at a character's border, as Postgres cuts it. */
function cut(name: string): string {
  if (name.length * 3 <= identifierByteLimit || Buffer.byteLength(name) <= identifierByteLimit) return name;
  let bytes = 0;
  let kept = "";
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > identifierByteLimit) break;
    kept += character;
  }
  return kept;
}
