import { type ASTNode, ParseError } from "@marcbachmann/cel-js";
import type { DataModelFields } from "../data-model/columns.ts";
import { patternFault } from "../json-schema/pattern.ts";
import type { JsonObject } from "../primitives/json-object.ts";
import { schemaAt, typesIn } from "./cel-type.ts";
import { evaluation, linearMatches, nullable, shortDuration, zonedTimestamp } from "./environment.ts";
import { childrenOf, growthOf, loopOf, rootOf } from "./nodes.ts";

/** Steps that the loops of one rule may take for one row. */
export const stepLimit = 10_000;

/** How many times as long as what a rule looks at a text may be that it puts together. */
const growthLimit = 64;

/** What is wrong with an expression, and the rule that says so. */
export interface ExpressionFault {
  readonly rule: string;
  readonly message: string;
}

/** An expression as it can be run: what it looks at, and its text with null tests and patterns made safe. */
export interface Expression {
  readonly columns: readonly string[];
  /** Columns that it compares with null: they are asked for by another name, under which null is a value. */
  readonly nullTested: readonly string[];
  /** Columns that its loops look at again each time they go round, and the steps that all rounds take. */
  readonly looped: readonly string[];
  readonly steps: number;
  readonly text: string;
}

const functions = new Set(["bool", "double", "duration", "has", "int", "size", "string", "timestamp"]);
const methods = new Set(
  (
    "contains endsWith matches size startsWith trim " +
    "getDate getDayOfMonth getDayOfWeek getFullYear getHours getMilliseconds getMinutes getMonth getSeconds"
  ).split(" "),
);

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Names that a loop gave, with the schema of what they stand for. */
type Scope = ReadonlyMap<string, JsonObject | null>;

/**
 * Reads an expression of CEL for a model. Refused is what could take long or differ between places: unknown functions,
 * patterns that are not written out or not RE2's, loops over lists without an end in sight.
 */
export function readExpression(fields: DataModelFields, text: string): Expression | readonly ExpressionFault[] {
  const tree = parsed(text);
  if ("rule" in tree) return [tree];
  const reader = new Reader(fields, text);
  reader.read(tree, new Map(), 1);
  if (reader.steps > stepLimit)
    reader.fault("cost", `must take at most ${stepLimit} steps; give its lists less maxItems`);
  if (growthOf(tree) > growthLimit)
    reader.fault("cost", "must not put a text together out of so many: loops of loops make each part longer");
  if (reader.columns.size === 0) reader.fault("columns", "must look at a column of the model");
  if (reader.faults.length > 0) return reader.faults;
  const rewritten = reader.rewritten();
  // A comment can hide a pattern from the rewriting; then it is asked to go.
  const again = parsed(rewritten);
  if ("rule" in again || callsOf(again).includes("matches")) {
    return [{ rule: "pattern", message: "must have no comment between a text and its matches(…)" }];
  }
  const { columns, nullTested, looped, steps } = reader;
  return { columns: [...columns], nullTested: [...nullTested], looped: [...looped], steps, text: rewritten };
}

function parsed(text: string): ASTNode | ExpressionFault {
  try {
    return evaluation.parse(text).ast;
  } catch (error) {
    if (error instanceof ParseError)
      return { rule: "syntax", message: `must be an expression of CEL: ${error.summary}` };
    throw error;
  }
}

function callsOf(node: ASTNode): string[] {
  const own = node.op === "call" || node.op === "rcall" ? [node.args[0]] : [];
  return [...own, ...childrenOf(node).flatMap(callsOf)];
}

class Reader {
  readonly columns = new Set<string>();
  readonly nullTested = new Set<string>();
  readonly looped = new Set<string>();
  readonly faults: ExpressionFault[] = [];
  steps = 0;
  readonly #edits: Edit[] = [];
  readonly #fields: DataModelFields;
  readonly #text: string;

  constructor(fields: DataModelFields, text: string) {
    this.#fields = fields;
    this.#text = text;
  }

  fault(rule: string, message: string): void {
    this.faults.push({ rule, message });
  }

  /** @param rounds how often the loops around a node go round */
  read(node: ASTNode, scope: Scope, rounds: number): void {
    if (rounds > 1) this.steps += rounds;
    const loop = loopOf(node);
    if (loop !== null) {
      this.read(loop.list, scope, rounds);
      const bound = this.#boundOf(loop.list, scope);
      if (bound === null) {
        return this.fault("cost", `must use ${loop.name} on a list whose schema has a maxItems, or on one written out`);
      }
      if (Object.hasOwn(this.#fields.properties, loop.variable)) {
        this.fault("name", `must name the items of ${loop.name} by another word: ${loop.variable} is a column`);
      }
      const inner = new Map([...scope, [loop.variable, this.#itemOf(loop.list, scope)]]);
      for (const body of loop.bodies) this.read(body, inner, rounds * Math.max(1, bound));
      return;
    }
    this.#look(node, scope, rounds);
    for (const child of childrenOf(node)) this.read(child, scope, rounds);
  }

  #look(node: ASTNode, scope: Scope, rounds: number): void {
    if (node.op === "id" && !scope.has(node.args)) {
      this.#column(node.args);
      if (scope.size > 0) this.looped.add(node.args);
    }
    if (node.op === "call" && !functions.has(node.args[0])) this.#unknownFunction(node.args[0], functions);
    if (node.op === "call") this.#conversion(node);
    if (node.op === "rcall") this.#method(node, scope, rounds);
    if (node.op === "==" || node.op === "!=") this.#comparison(node.args, scope);
    if (node.op === "value" && node.args instanceof Uint8Array) this.fault("type", "must not hold bytes; use a text");
  }

  #conversion({ start, args: [name, [of]] }: ASTNode & { op: "call" }): void {
    const end = start + name.length;
    if (name === "duration" && of?.op !== "value") this.#edits.push({ start, end, text: shortDuration });
    if (name === "timestamp") this.#edits.push({ start, end, text: zonedTimestamp });
  }

  #column(name: string): void {
    this.columns.add(name);
    if (Object.hasOwn(this.#fields.properties, name)) return;
    this.fault(
      "unknown_column",
      `must name columns of the model: ${name} is none; add it to fields or correct the name`,
    );
  }

  #unknownFunction(name: string, known: ReadonlySet<string>): void {
    this.fault("function", `must not call ${name}; there are ${[...known].toSorted().join(", ")}`);
  }

  #method(node: ASTNode & { op: "rcall" }, scope: Scope, rounds: number): void {
    const [name, receiver, args] = node.args;
    if (!methods.has(name)) return this.#unknownFunction(name, methods);
    if (name.startsWith("get") && args.length > 0) this.fault("function", `must call ${name} without a time zone: UTC`);
    if (name === "matches") this.#pattern(receiver, args[0], scope, rounds);
  }

  #pattern(receiver: ASTNode, pattern: ASTNode | undefined, scope: Scope, rounds: number): void {
    if (pattern?.op !== "value" || typeof pattern.args !== "string") {
      return this.fault("pattern", 'must write the pattern of matches out, such as code.matches("^[A-Z]+$")');
    }
    const fault = patternFault(pattern.args);
    if (fault !== null) this.fault("pattern", `matches: ${fault}`);
    if (scope.size > 1 || (rounds > 1 && !scope.has(rootOf(receiver) ?? ""))) {
      this.fault("cost", "must use matches in one loop at most, and there on the loop's own items");
    }
    const between = this.#text.slice(receiver.end, pattern.start);
    const start = receiver.end + between.lastIndexOf("matches");
    this.#edits.push({ start, end: start + "matches".length, text: linearMatches });
  }

  #comparison(sides: readonly [ASTNode, ASTNode], scope: Scope): void {
    const other = sides.find((side) => !isNull(side));
    if (other === undefined || !sides.some(isNull)) return;
    if (other.op === "id" && !scope.has(other.args)) {
      this.nullTested.add(other.args);
      this.#edits.push({ start: other.start, end: other.end, text: nullable(other.args) });
    }
    if (other.op === ".") this.fault("null", `must ask has(…) instead of comparing .${other.args[1]} with null`);
  }

  /** The most items that a list can have; null when that is not known. */
  #boundOf(list: ASTNode, scope: Scope): number | null {
    if (list.op === "list") return list.args.length;
    const loop = loopOf(list);
    if (loop !== null) return loop.name === "map" || loop.name === "filter" ? this.#boundOf(loop.list, scope) : null;
    const schema = this.#schemaOf(list, scope);
    const most = schema?.["maxItems"];
    // of an object, whose keys a loop would go through, maxItems says nothing
    const isList = schema !== null && typesIn(schema).join() === "array";
    return isList && typeof most === "number" ? most : null;
  }

  #itemOf(list: ASTNode, scope: Scope): JsonObject | null {
    const loop = loopOf(list);
    if (loop !== null) return loop.name === "filter" ? this.#itemOf(loop.list, scope) : null;
    const schema = this.#schemaOf(list, scope);
    return schema === null ? null : this.#items(schema);
  }

  /** The schema of every item; null where the first ones have others. */
  #items(list: JsonObject): JsonObject | null {
    return list["prefixItems"] === undefined ? schemaAt(this.#fields, list, "items") : null;
  }

  #schemaOf(node: ASTNode, scope: Scope): JsonObject | null {
    if (node.op === "id") {
      return scope.has(node.args)
        ? (scope.get(node.args) ?? null)
        : schemaAt(this.#fields, this.#fields, "properties", node.args);
    }
    if (node.op !== "." && node.op !== "[]") return null;
    const [of, name] = node.args;
    const schema = this.#schemaOf(of, scope);
    if (schema === null) return null;
    return typeof name === "string" ? schemaAt(this.#fields, schema, "properties", name) : this.#items(schema);
  }

  rewritten(): string {
    return this.#edits
      .toSorted((a, b) => b.start - a.start)
      .reduce((text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end), this.#text);
  }
}

function isNull(node: ASTNode): boolean {
  return node.op === "value" && node.args === null;
}
