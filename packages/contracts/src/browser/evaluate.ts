import { resolveRef } from "../json-schema/subschemas.ts";
import { isJsonObject, type JsonValue } from "../primitives/json-object.ts";
import { assertions } from "./assertions.ts";
import { lists, unevaluatedItems } from "./lists.ts";
import { objects, unevaluatedProperties } from "./objects.ts";
import { addFaults, Evaluated, type Fault, type Hold, type Task } from "./walk.ts";

/**
 * JSON Schema 2020-12 by walking through the schema, for where no code may be made from text: the keywords that
 * `checkFields` lets a model have, with the faults that ajv names (docs/decisions/rules.md).
 */
export const hold: Hold = (task) => {
  const { schema, path, faults } = task;
  if (schema === false) faults.push({ path, rule: "false schema", message: "boolean schema is false" });
  if (!isJsonObject(schema)) return schema !== false;
  const before = faults.length;
  everyKeyword({ ...task, schema });
  return faults.length === before;
};

function everyKeyword(task: Task): void {
  const { walk, schema, value } = task;
  const { $ref } = schema;
  if (typeof $ref === "string") inPlace(task, resolveRef(walk.root, $ref) ?? true);
  assertions(task);
  if (Array.isArray(value)) lists(task, value, hold);
  if (isJsonObject(value)) objects(task, value, hold);
  applicators(task);
  if (Array.isArray(value)) unevaluatedItems(task, value, hold);
  if (isJsonObject(value)) unevaluatedProperties(task, value, hold);
}

/** Holds the same value against another schema; what that looked at counts where it fits. */
function inPlace(task: Task, schema: JsonValue | undefined, faults: Fault[] = task.faults): boolean {
  const evaluated = new Evaluated();
  const fits = hold({ ...task, schema, faults, evaluated });
  if (fits) task.evaluated.add(evaluated);
  return fits;
}

function applicators(task: Task): void {
  const { schema, path, faults } = task;
  const fault = (rule: string, message: string): void => void faults.push({ path, rule, message });
  for (const inner of schemasIn(schema["allOf"])) inPlace(task, inner);
  if (schema["anyOf"] !== undefined) {
    const found = branches(task, schemasIn(schema["anyOf"]));
    if (found.fitting === 0) {
      addFaults(faults, found.faults);
      fault("anyOf", "must match a schema in anyOf");
    }
  }
  if (schema["oneOf"] !== undefined) {
    const found = branches(task, schemasIn(schema["oneOf"]));
    if (found.fitting !== 1) {
      addFaults(faults, found.faults);
      fault("oneOf", "must match exactly one schema in oneOf");
    }
  }
  if (schema["not"] !== undefined && fitsAside(task, schema["not"])) fault("not", "must NOT be valid");
  if (schema["if"] === undefined) return;
  const branch = inPlace(task, schema["if"], []) ? "then" : "else";
  if (schema[branch] !== undefined) inPlace(task, schema[branch]);
}

function branches(task: Task, schemas: readonly JsonValue[]) {
  const faults: Fault[] = [];
  const fitting = schemas.filter((inner) => inPlace(task, inner, faults)).length;
  return { fitting, faults };
}

function fitsAside(task: Task, schema: JsonValue): boolean {
  return hold({ ...task, schema, faults: [], evaluated: new Evaluated() });
}

function schemasIn(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
