import type { Ajv2020 } from "ajv/dist/2020.js";
import { columnsOf, type DataModelFields, dataModelFieldsSchema } from "../data-model/fields.ts";
import type { ErrorIssue } from "../errors.ts";
import { issuesOf } from "../issues.ts";
import { createEngine, issuesOfErrors } from "./engine.ts";
import { safetyIssues } from "./safety.ts";

/**
 * How often one engine is asked for before another takes its place: ajv keeps each schema and function that it ever
 * compiled, removed or not, and a validator that is still in use keeps its engine's with it.
 */
const engineUses = 100;

let shared: Ajv2020 | null = null;
let uses = 0;

/** The engine of the moment: making one compiles the meta-schema, which takes some ten milliseconds. */
export function sharedEngine(): Ajv2020 {
  if (shared === null || uses === engineUses) {
    shared = createEngine();
    uses = 0;
  }
  uses += 1;
  return shared;
}

/**
 * Every reason why `fields` is no JSON Schema that a model may have; an empty list when it is one: shape and size,
 * draft 2020-12 by its meta-schema, no `$ref` that reaches out or never ends, patterns of RE2, known keywords only
 * (data-model.md §4, made exact in decisions.md). Never throws, whatever it is given.
 */
export function checkFields(fields: unknown): ErrorIssue[] {
  const parsed = dataModelFieldsSchema.safeParse(fields);
  if (!parsed.success)
    return issuesOf(parsed.error).map((issue) => ({ ...issue, field: under("fields", issue.field) }));
  const engine = sharedEngine();
  if (engine.validateSchema(parsed.data) !== true) return issuesOfErrors(engine.errors ?? [], ["fields"]);
  const issues = safetyIssues(parsed.data, (keyword) => Object.hasOwn(engine.RULES.keywords, keyword));
  return issues.length > 0 ? issues : compileIssues(engine, parsed.data);
}

function under(prefix: string, field: string): string {
  return field === "" ? prefix : `${prefix}.${field}`;
}

/** Compiled and run once: for some keywords inside of others ajv makes code that throws when it meets a row. */
function compileIssues(engine: Ajv2020, fields: DataModelFields): ErrorIssue[] {
  try {
    const validate = engine.compile(fields);
    for (const value of [undefined, [], {}, [[], {}]]) {
      validate(value === undefined ? {} : Object.fromEntries(columnsOf(fields).map((column) => [column, value])));
    }
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [{ field: "fields", rule: "schema", message: `must be a schema that can be run: ${reason}` }];
  } finally {
    // The engine keeps every schema that it ever compiled unless told otherwise.
    engine.removeSchema(fields);
  }
}
