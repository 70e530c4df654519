import { JsonScanner, lettersOf } from "./json-scan.ts";

/** Stands wherever a secret stood. */
export const REDACTED = "[redacted]";

/**
 * Words that make a name secret: `api_key` and `accessToken`, not `monkey`. Postgres folds an unquoted `sessionToken` to
 * `sessiontoken`, so what is said at the end of a word counts too.
 */
const SECRET_WORDS =
  /^(?:.*(?:password|passwd|passphrase|passcode).*|.*(?:pwd|token|secret)s?|otps?|(?:api|auth|access|secret|private|session|service|signing|encryption|master|ssh)?keys?)$/;
/** A part of each of those words: a text without any of them needs no closer look. */
const STEMS = ["passw", "passphrase", "passcode", "pwd", "token", "secret", "key", "otp"];
const ENTRY = /^(?:(.+)\.)?([^.]+)$/;

/** What is to be kept out of the records of one table. */
export interface Secrets {
  /** Whether values under this column, key, argument or path are secret. */
  holds(name: string): boolean;
  /** Every value, whatever its name: a table named as `table.*`, or a function whose own name is secret. */
  readonly all: boolean;
  /** Whether a text may hold a secret at all; false costs one regular expression and is final. */
  suspects(json: string): boolean;
  /** What a look at a body tells, see {@link JsonScanner}: without likely keys and backslashes, it holds no secret key. */
  scan(text: string): number;
  /** Whether a text that is no JSON names a secret anywhere: a CSV, a query plan. */
  mentions(text: string): boolean;
}

/** Whose rows an answer may hold besides the table's own: nobody's, those of embedded resources, a function's choice. */
type Company = "alone" | "embedding" | "function";

export interface Redaction {
  /** @param table as recorded, e.g. `users` or `auth.users` */
  secretsOf(table: string, company: Company): Secrets;
  /** Of what is secret whole. */
  readonly everything: Secrets;
}

/**
 * Columns whose names say password, token, secret, key or otp, and those listed: `column`, `table.column`, `table.*`.
 * A resource can be embedded by the name of a foreign key, so with any `table.*` every embedding request is hidden whole.
 * What a function reads cannot be told: one that hands out such a table's rows is listed by its own name.
 */
export function createRedaction(entries: readonly string[] = []): Redaction {
  const everywhere = new Set<string>();
  const byTable = new Map<string, Set<string>>();
  for (const entry of entries) {
    const [, table, column] = ENTRY.exec(entry.trim()) ?? [];
    if (column === undefined)
      throw new TypeError(`redact: ${JSON.stringify(entry)} is not "column" or "table.column".`);
    if (table === undefined) everywhere.add(column);
    else byTable.set(bareName(table), (byTable.get(bareName(table)) ?? new Set()).add(column));
  }
  const ofAnyTable = new Set([...byTable.values()].flatMap((columns) => [...columns].filter((name) => name !== "*")));
  const isAnyWhole = [...byTable.values()].some((columns) => columns.has("*"));
  const plain = secretsIn(everywhere, false);
  const ofFunctions = secretsIn(new Set([...everywhere, ...ofAnyTable]), false);
  const everything = secretsIn(everywhere, true);
  const ofEmbedding = isAnyWhole ? everything : ofFunctions;
  const known = new Map(
    [...byTable].map(([table, columns]) => [table, secretsIn(new Set([...everywhere, ...columns]), columns.has("*"))]),
  );
  return {
    secretsOf(table, company) {
      const own = known.size === 0 ? plain : (known.get(bareName(table)) ?? plain);
      if (company === "alone" || own.all) return own;
      return company === "embedding" ? ofEmbedding : ofFunctions;
    },
    everything,
  };
}

function secretsIn(listed: ReadonlySet<string>, all: boolean): Secrets {
  const stems = [...STEMS, ...[...listed].map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"))].join("|");
  // A key may be spelt with escapes (a json column keeps them): then the closer look decides. So it does for what goes on
  // for longer than a name, or a long text full of such words would be read over and over.
  const isKey = (begins: string, goesOn: string): string => `${begins}(?:${goesOn}{0,64}\\\\*"\\s*:|${goesOn}{65})`;
  const suspicious = new RegExp(`${isKey(`(?:${stems})`, `(?:[^"\\\\]|\\\\.)`)}|${isKey("\\\\u00[2-7]", '[^"]')}`, "i");
  const known = new Map<string, boolean>();
  const scanner = new JsonScanner([...STEMS, ...listed].map(lettersOf));
  return {
    all,
    scan: (text) => scanner.scan(text),
    suspects: (json) => all || suspicious.test(json),
    mentions: (text) => all || isSecretName(text) || [...listed].some((name) => name !== "*" && text.includes(name)),
    holds(name) {
      if (all) return true;
      const before = known.get(name);
      if (before !== undefined) return before;
      const secret = isSecretName(name) || pathParts(name).some((part) => listed.has(part));
      // names come from callers, so the memory of them has an end
      if (known.size < 1000) known.set(name, secret);
      return secret;
    },
  };
}

/** Whether a name's own words say that it holds a secret. */
export function isSecretName(name: string): boolean {
  return name
    .replaceAll(/(\p{Ll}|\d)(\p{Lu})|(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1$3_$2$4")
    .split(/[^\p{L}\p{N}]+/u)
    .some((word) => SECRET_WORDS.test(word.toLowerCase()));
}

/** `users.data->>ssn` → users, data, ssn. */
function pathParts(name: string): string[] {
  return name.split(/->>?|[."']/).filter((part) => part !== "");
}

function bareName(table: string): string {
  return table.replaceAll('"', "").replace(/^public\./, "");
}
