import type { ErrorIssue } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../primitives.ts";
import { formatNames } from "./formats.ts";
import { patternFault } from "./pattern.ts";
import { resolveRef, type Subschema, subschemasOf } from "./subschemas.ts";

/** Schemas that one row may be held against, each `$ref` counted as often as it is used. */
const costLimit = 10_000;

/** `$ref`s in one document. */
const refLimit = 200;

/** Items that `uniqueItems` may have to compare, each with each. */
const uniqueItemsLimit = 1000;

/** Keywords that would reach out of the document, or make its meaning depend on who refers to it. */
const refusedKeywords = ["$id", "$dynamicRef", "$dynamicAnchor", "$anchor", "$vocabulary", "$recursiveRef"];

/**
 * Why a schema, though valid, is not safe to run on a server: what is unknown, reaches out, never ends or takes too
 * long. `isKeyword` tells which keywords the engine knows.
 */
export function safetyIssues(root: JsonObject, isKeyword: (keyword: string) => boolean): ErrorIssue[] {
  const all = everySubschema(root);
  const issues = all.flatMap(({ schema, path }) => [
    ...keywordIssues(schema, path, isKeyword),
    ...patternIssues(schema, path),
    ...formatIssues(schema, path),
    ...refIssues(root, schema, path),
    ...uniqueItemsIssues(schema, path),
  ]);
  const refs = all.filter(({ schema }) => schema["$ref"] !== undefined).length;
  if (refs > refLimit) issues.push(issue([], "$ref", `must have at most ${refLimit} $refs; write some out`));
  // Only references that resolve, and not too many of them, can be followed.
  return issues.length > 0 ? issues : costIssues(root);
}

function everySubschema(root: JsonObject): Subschema[] {
  const all: Subschema[] = [{ schema: root, path: [], applied: true }];
  for (const { schema, path } of all) all.push(...subschemasOf(schema, path));
  return all;
}

function issue(path: readonly string[], rule: string, message: string): ErrorIssue {
  return { field: ["fields", ...path].join("."), rule, message };
}

function keywordIssues(
  schema: JsonObject,
  path: readonly string[],
  isKeyword: (keyword: string) => boolean,
): ErrorIssue[] {
  return Object.keys(schema).flatMap((keyword) => {
    const at = [...path, keyword];
    if (refusedKeywords.includes(keyword)) {
      return [issue(at, keyword, "must not be used: put what is shared under $defs and use $ref")];
    }
    if (isKeyword(keyword)) return [];
    return [
      issue(
        at,
        "keyword",
        "must be a keyword of JSON Schema 2020-12, x-default, x-pg or x-primary-key; correct its name",
      ),
    ];
  });
}

function patternIssues(schema: JsonObject, path: readonly string[]): ErrorIssue[] {
  const { pattern, patternProperties } = schema;
  const named = isJsonObject(patternProperties) ? Object.keys(patternProperties) : [];
  const places = [
    ...(typeof pattern === "string" ? [{ text: pattern, at: [...path, "pattern"] }] : []),
    ...named.map((text) => ({ text, at: [...path, "patternProperties", text] })),
  ];
  return places.flatMap(({ text, at }) => {
    const fault = patternFault(text);
    return fault === null ? [] : [issue(at, "pattern", fault)];
  });
}

function formatIssues(schema: JsonObject, path: readonly string[]): ErrorIssue[] {
  const { format } = schema;
  if (format === undefined || formatNames.some((name) => name === format)) return [];
  return [issue([...path, "format"], "format", `must be one of ${formatNames.join(", ")}`)];
}

function refIssues(root: JsonObject, schema: JsonObject, path: readonly string[]): ErrorIssue[] {
  const ref = schema["$ref"];
  if (ref === undefined) return [];
  if (typeof ref !== "string" || !ref.startsWith("#")) {
    return [
      issue([...path, "$ref"], "$ref", "must begin with #: schemas from elsewhere are not loaded; copy it to $defs"),
    ];
  }
  const message = "must point at a schema under $defs or properties of this document, such as #/$defs/address";
  const found = /^#\/(\$defs|properties)\//.test(ref) && resolveRef(root, ref) !== null;
  return found ? [] : [issue([...path, "$ref"], "$ref", message)];
}

function uniqueItemsIssues(schema: JsonObject, path: readonly string[]): ErrorIssue[] {
  const most = schema["maxItems"];
  if (schema["uniqueItems"] !== true || (typeof most === "number" && most <= uniqueItemsLimit)) return [];
  const message = `must come with a maxItems of at most ${uniqueItemsLimit}: every item is compared with every other`;
  return [issue([...path, "uniqueItems"], "uniqueItems", message)];
}

function costIssues(root: JsonObject): ErrorIssue[] {
  const cost = costOf(root, root, new Map());
  if (cost === null) return [issue([], "$ref", "must not lead back to itself: a recursive $ref may never end")];
  if (cost <= costLimit) return [];
  return [issue([], "$ref", `must use its $refs less: a row would be held against more than ${costLimit} schemas`)];
}

/** Schemas that a value is held against, or null when a `$ref` leads back to where it stands. */
function costOf(root: JsonObject, schema: JsonObject, known: Map<JsonObject, number | "open">): number | null {
  const before = known.get(schema);
  if (before !== undefined) return before === "open" ? null : before;
  known.set(schema, "open");
  const ref = schema["$ref"];
  const target = typeof ref === "string" ? resolveRef(root, ref) : null;
  const parts = subschemasOf(schema, []).filter(({ applied }) => applied);
  let cost = 1;
  for (const part of [...parts.map(({ schema: inner }) => inner), ...(isJsonObject(target) ? [target] : [])]) {
    const more = costOf(root, part, known);
    if (more === null) return null;
    cost += more;
  }
  known.set(schema, cost);
  return cost;
}
