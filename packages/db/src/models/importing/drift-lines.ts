import type { Catalog } from "../migrations/catalog.ts";
import { plainName } from "../migrations/names.ts";

/** Characters of a line: a policy may have thousands. */
const lineLimit = 400;

/** One thing of a table, as a line of the catalog tells of it. */
interface Thing {
  readonly table: string;
  /** What it is called among the things of its table: `the column note`. */
  readonly name: string;
  readonly says: string;
}

/**
 * How tables differ from what their models say, a line of words a difference; none when they are equal. The lines of a
 * catalog come from `catalog.ts`, and so does their grammar.
 */
export function driftLines(found: Catalog, expected: Catalog): string[] {
  const [there, meant] = [found.map(thingOf), expected.map(thingOf)];
  const gone = tablesOf(meant).filter((table) => !tablesOf(there).includes(table));
  const lines = gone.map((table) => `${table}: the table is not there`);
  for (const thing of meant) {
    if (gone.includes(thing.table)) continue;
    const other = there.find((one) => isSame(one, thing));
    if (other === undefined) lines.push(`${thing.table}: ${thing.name} is missing; the model says ${thing.says}`);
    else if (other.says !== thing.says) {
      lines.push(`${thing.table}: ${thing.name} is ${other.says}; the model says ${thing.says}`);
    }
  }
  for (const thing of there) {
    if (meant.some((one) => isSame(one, thing))) continue;
    lines.push(`${thing.table}: ${thing.name} is there and in no model: ${thing.says}`);
  }
  return lines.sort().map(onOneLine);
}

function tablesOf(things: readonly Thing[]): string[] {
  return [...new Set(things.map(({ table }) => table))];
}

function isSame(a: Thing, b: Thing): boolean {
  return a.table === b.table && a.name === b.name;
}

function onOneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= lineLimit ? line : `${line.slice(0, lineLimit - 1)}…`;
}

const ident = String.raw`(?:"(?:[^"]|"")+"|[^\s".]+)`;

type Read = (...parts: readonly string[]) => Omit<Thing, "table">;

/** How each kind of line is read, after its first word and the table's name. */
const grammar: readonly (readonly [word: string, rest: string, read: Read])[] = [
  ["table", String.raw` (\w) rls=(\w) forced=(\w)`, readTable],
  ["column", String.raw`\.(${ident}) (.*)`, (column, says) => named("the column", column, says)],
  [
    "constraint",
    String.raw` (${ident}) (.*) valid=(\w)`,
    (name, says, valid) => named("the constraint", name, `${says}${valid === "f" ? " not valid" : ""}`),
  ],
  [
    "index",
    String.raw` CREATE (UNIQUE )?INDEX (${ident}) ON \S+ (.*) valid=(\w)`,
    (unique, name, says, valid) =>
      named("the index", name, `${unique === "" ? "" : "unique "}${says}${valid === "f" ? " (invalid)" : ""}`),
  ],
  ["policy", String.raw` (${ident}) (\S) (\w) to (\S+) using (.*) check (.*)`, readPolicy],
  ["grant", String.raw` to (.+): (.*)`, (role, says) => named("the grant to", role, says)],
  [
    "grant",
    String.raw`\.(${ident}) to (.+): (.*)`,
    (column, role, says) => named(`the grant on ${column} to`, role, says),
  ],
  ["sequence of", String.raw`\.(${ident}) (.*)`, (column, says) => named("the sequence of", column, says)],
  [
    "trigger",
    String.raw` (CREATE (?:CONSTRAINT )?TRIGGER) (${ident}) (.*)`,
    (create, name, says) => named("the trigger", name, `${create} ${says}`),
  ],
  ["comment", String.raw` (.*)`, (says) => ({ name: "the comment", says })],
  ["comment", String.raw`\.(${ident}) (.*)`, (column, says) => named("the comment of", column, says)],
];

const rules = grammar.map(
  ([word, rest, read]) => [new RegExp(String.raw`^${word} (${ident}\.${ident})${rest}$`, "s"), read] as const,
);

const ofTable = new RegExp(String.raw`^(?:sequence of|\S+) (${ident}\.${ident})`);

function thingOf(line: string): Thing {
  for (const [pattern, read] of rules) {
    const match = pattern.exec(line);
    if (match === null) continue;
    const [table = "", ...parts] = match.slice(1).map((part) => part ?? "");
    return { table: plainName(table), ...read(...parts) };
  }
  // what is not understood is of its table all the same, or it would be the drift of none
  const [, table = ""] = ofTable.exec(line) ?? [];
  return { table: plainName(table), name: line, says: "" };
}

function named(kind: string, name = "", says = ""): Omit<Thing, "table"> {
  return { name: `${kind} ${plainName(name)}`, says };
}

function readTable(persistence = "", security = "", forced = ""): Omit<Thing, "table"> {
  const kind = persistence === "u" ? "unlogged, " : "";
  const who = forced === "t" ? " for the owner too" : "";
  return { name: "the table", says: `${kind}with row level security ${security === "t" ? `on${who}` : "off"}` };
}

const commands: Readonly<Record<string, string>> = { r: "select", a: "insert", w: "update", d: "delete", "*": "all" };

function readPolicy(
  name = "",
  command = "",
  permissive = "",
  roles = "",
  using = "",
  check = "",
): Omit<Thing, "table"> {
  const kind = permissive === "t" ? "for" : "restrictive, for";
  const conditions = [using === "" ? "" : ` using ${using}`, check === "" ? "" : ` with check ${check}`];
  return named("the policy", name, `${kind} ${commands[command] ?? command} to ${roles}${conditions.join("")}`);
}
