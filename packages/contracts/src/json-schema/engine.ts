import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import type { ErrorIssue } from "../errors.ts";
import { compareByJson } from "./equality.ts";
import { formatChecks } from "./formats.ts";
import { linearPattern } from "./pattern.ts";
import { distinctIssues, words } from "./words.ts";

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
  compareByJson(engine);
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
    .values()
    // A failed branch is told by its own errors; that the branches failed together adds nothing.
    .filter(({ keyword }) => keyword !== "if" && keyword !== "allOf")
    .map((error) => ({
      field: [...prefix, ...fieldOf(error)].join("."),
      rule: error.keyword,
      message: messageOf(error),
    }));
  return distinctIssues(issues);
}

function fieldOf(error: ErrorObject): string[] {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const named = ["missingProperty", "additionalProperty", "unevaluatedProperty"]
    .map((param) => textParam(error, param))
    .find((name) => name !== null);
  return named === undefined ? path : [...path, named];
}

function messageOf(error: ErrorObject): string {
  switch (error.keyword) {
    case "required":
      return words.required;
    case "additionalProperties":
    case "unevaluatedProperties":
      return words.additionalProperties;
    case "enum":
      return words.allowed(listParam(error, "allowedValues"));
    case "const":
      return words.constant(error.params["allowedValue"]);
    case "format":
      return words.format(textParam(error, "format") ?? "value of its format");
    case "type":
      return words.type(textParam(error, "type") ?? "of another type");
    case "uniqueItems":
      return words.uniqueItems;
    default:
      return error.message ?? `breaks the rule ${error.keyword}`;
  }
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
