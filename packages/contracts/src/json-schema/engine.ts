import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import type { ErrorIssue } from "../errors.ts";
import { formatChecks } from "./formats.ts";
import { linearPattern } from "./pattern.ts";

/** Broken rules named in one answer. */
export const issueLimit = 50;

/** ajv of draft 2020-12 with Waybill's three keywords, patterns on the linear-time engine, and no `new RegExp`. */
export function createEngine(): Ajv2020 {
  const regExp = Object.assign((pattern: string) => linearPattern(pattern), { code: "linearPattern" });
  const engine = new Ajv2020({
    allErrors: true,
    strict: true,
    // Columns are typed by hand and by generators: `["string", "null"]` and a bare `enum` are both fine.
    strictTypes: false,
    strictRequired: false,
    strictTuples: false,
    ownProperties: true,
    logger: false,
    code: { regExp },
  });
  engine.addVocabulary([
    { keyword: "x-primary-key", schemaType: "array" },
    { keyword: "x-pg", schemaType: "string" },
    { keyword: "x-default", schemaType: "string" },
  ]);
  for (const [name, validate] of Object.entries(formatChecks())) engine.addFormat(name, { type: "string", validate });
  return engine;
}

/** ajv's errors as issues: the field as a dotted path under `prefix`, the keyword as the rule, plain words. */
export function issuesOfErrors(errors: readonly ErrorObject[], prefix: readonly string[]): ErrorIssue[] {
  const issues = errors
    // A failed branch is told by its own errors; that the branches failed together adds nothing.
    .filter(({ keyword }) => keyword !== "if" && keyword !== "allOf")
    .map((error) => ({
      field: [...prefix, ...fieldOf(error)].join("."),
      rule: error.keyword,
      message: messageOf(error),
    }));
  const seen = new Set<string>();
  return issues
    .filter(({ field, rule, message }) => {
      const key = JSON.stringify([field, rule, message]);
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, issueLimit);
}

function fieldOf(error: ErrorObject): string[] {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const named = textParam(error, "missingProperty") ?? textParam(error, "additionalProperty");
  return named === null ? path : [...path, named];
}

function messageOf(error: ErrorObject): string {
  switch (error.keyword) {
    case "required":
      return "must be given";
    case "additionalProperties":
    case "unevaluatedProperties":
      return "must not be given: the schema has no such property";
    case "enum":
      return `must be one of ${shortList(listParam(error, "allowedValues"))}`;
    case "const":
      return `must be ${shortList([error.params["allowedValue"]])}`;
    case "format":
      return `must be a valid ${textParam(error, "format") ?? "value of its format"}`;
    case "type":
      return `must be ${textParam(error, "type")?.replaceAll(",", " or ") ?? "of another type"}`;
    default:
      return error.message ?? `breaks the rule ${error.keyword}`;
  }
}

function shortList(values: readonly unknown[]): string {
  const text = values.map((value) => JSON.stringify(value)).join(", ");
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

function textParam(error: ErrorObject, name: string): string | null {
  const value: unknown = error.params[name];
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "string" ? value : null;
}

function listParam(error: ErrorObject, name: string): readonly unknown[] {
  const value: unknown = error.params[name];
  return Array.isArray(value) ? value : [];
}
