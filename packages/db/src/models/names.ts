import { createHash } from "node:crypto";
import { byteLength, identifierByteLimit } from "@waybill/contracts";

/**
 * A name made of parts, the same for the same parts: joined by `_`, and where Postgres would cut it, cut with a hash of
 * the whole at its end, so that two long names stay two.
 */
export function nameOf(...parts: readonly string[]): string {
  const name = parts.join("_");
  return byteLength(name) <= identifierByteLimit ? name : hashed(name, parts);
}

/** The same name made unlike others that happen to be joined from other parts. */
export function distinctNameOf(taken: ReadonlySet<string>, ...parts: readonly string[]): string {
  let name = nameOf(...parts);
  for (let number = 1; taken.has(name); number += 1) name = hashed(parts.join("_"), [...parts, String(number)]);
  return name;
}

function hashed(name: string, parts: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 8);
  // Every part is ASCII (contracts), so a character is a byte.
  return `${name.slice(0, identifierByteLimit - hash.length - 1)}_${hash}`;
}
