import { z } from "zod";
import {
  dataApiParameters,
  postgresQuotedWords,
  postgresReservedWords,
  postgresSystemColumns,
  reservedSchemas,
  waybillTables,
} from "./postgres-names.ts";
import { byteLength, textFault } from "./text.ts";

/** Bytes of a name that Postgres keeps (NAMEDATALEN − 1); it silently cuts the rest. */
export const identifierByteLimit = 63;

const plainName = /^[a-z_][a-z0-9_]*$/;
const plainStart = /^[a-z_][a-z0-9_]*/;
const quotedStart = /^"((?:[^"]|"")+)"/;

const identifierMessage =
  'must be an SQL identifier as Postgres writes it: lower-case letters, digits and _, or anything in "double quotes", ' +
  "with at most one schema in front (auth.users); put other names and keywords in double quotes";

/**
 * A table's name as Postgres would write it (`quote_ident`): plain or in double quotes, as a keyword must be, at most 63
 * bytes a part, optionally schema-qualified: `airports`, `auth.users`, `"My Table"` (data-model.md §2, decisions.md).
 */
export const identifierSchema = z.string({ error: "must be a string" }).superRefine((text, context) => {
  const fault = identifierFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

function identifierFault(text: string): string | null {
  if (text === "") return "must not be empty";
  const fault = textFault(text);
  if (fault !== null) return fault;
  const parts = identifierParts(text);
  if (parts === null) return identifierMessage;
  const long = parts.some((part) => byteLength(part) > identifierByteLimit);
  return long ? `must have at most ${identifierByteLimit} bytes a part: Postgres cuts longer names; shorten it` : null;
}

/** The bare names in an identifier, quotes taken off: `auth."My Table"` → `["auth", "My Table"]`; null if it is none. */
export function identifierParts(text: string): [string] | [string, string] | null {
  const first = leadingName(text);
  if (first === null) return null;
  if (first.rest === "") return [first.name];
  if (!first.rest.startsWith(".")) return null;
  const second = leadingName(first.rest.slice(1));
  return second === null || second.rest !== "" ? null : [first.name, second.name];
}

function leadingName(text: string): { name: string; rest: string } | null {
  const quoted = quotedStart.exec(text);
  if (quoted?.[1] !== undefined) {
    return { name: quoted[1].replaceAll('""', '"'), rest: text.slice(quoted[0].length) };
  }
  const plain = plainStart.exec(text);
  if (plain === null || isKeyword(plain[0])) return null;
  return { name: plain[0], rest: text.slice(plain[0].length) };
}

/** Whether `quote_ident` puts the word in quotes, though it looks plain. */
function isKeyword(word: string): boolean {
  return postgresReservedWords.has(word) || postgresQuotedWords.has(word);
}

/** A bare name as `quote_ident` writes it: `airports` → `airports`, `My "T"` → `"My ""T"""`, `user` → `"user"`. */
export function quoteIdentifier(name: string): string {
  if (plainName.test(name) && !isKeyword(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * The name of a model's column: letters (of either case, since existing tables have them), digits and _; nothing that
 * the Data API could take for an operator, a cast or a parameter of its own.
 */
export const columnNameSchema = z.string({ error: "must be a string" }).superRefine((name, context) => {
  const fault = nameFault(name, columnShape) ?? columnFault(name);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

/**
 * The table of a data model: plain lower-case, no reserved word, no reserved schema, none of Waybill's own tables
 * (data-model.md §4, made exact in decisions.md).
 */
export const modelTableNameSchema = z.string({ error: "must be a string" }).superRefine((name, context) => {
  const fault = nameFault(name, tableShape) ?? tableFault(name);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

/** The name of a business entity: a valid identifier in any case, such as `Airport` or `airports`. */
export const modelNameSchema = z
  .string({ error: "must be a string" })
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    error: "must be an identifier: a letter or _ first, then letters, digits and _; rename the model",
  })
  .max(identifierByteLimit, { error: `must have at most ${identifierByteLimit} characters; shorten it` })
  .refine((name) => !prototypeNames.has(name), { error: "must not be a name that JavaScript objects own; rename it" });

/** Names that every JavaScript object has: as a key they would reach the prototype instead of the data. */
export const prototypeNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  "prototype",
]);

interface Shape {
  readonly pattern: RegExp;
  readonly message: string;
}

const tableShape: Shape = {
  pattern: plainName,
  message:
    "must be a plain lower-case identifier: a letter or _ first, then letters, digits and _; no quotes, no schema",
};

const columnShape: Shape = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  message: "must be a plain identifier: a letter or _ first, then letters, digits and _; rename the column",
};

function nameFault(name: string, shape: Shape): string | null {
  if (name === "") return "must not be empty";
  if (name.length > identifierByteLimit) return `must have at most ${identifierByteLimit} characters; shorten it`;
  if (prototypeNames.has(name)) return "must not be a name that JavaScript objects own; rename it";
  if (!shape.pattern.test(name)) return shape.message;
  return postgresReservedWords.has(name) ? `must not be the reserved word ${name} of Postgres; rename it` : null;
}

function tableFault(name: string): string | null {
  if (name.startsWith("pg_")) return "must not begin with pg_: Postgres keeps such names for itself; rename it";
  if (reservedSchemas.has(name)) return `must not be ${name}, a schema of Supabase or Postgres; rename it`;
  return waybillTables.has(name) ? `must not be ${name}, a table of Waybill itself; rename it` : null;
}

function columnFault(name: string): string | null {
  if (dataApiParameters.has(name)) return `must not be ${name}, a parameter of the Data API; rename it`;
  return postgresSystemColumns.has(name) ? `must not be ${name}, a system column of Postgres; rename it` : null;
}
