import { words } from "../json-schema/words.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../primitives/json-object.ts";
import { sizeFaults } from "./assertions.ts";
import { Evaluated, type Hold, type Task } from "./walk.ts";

/** The keywords of objects, `unevaluatedProperties` left out. */
export function objects(task: Task, object: JsonObject, hold: Hold): void {
  const { schema, path, faults } = task;
  const names = Object.keys(object);
  sizeFaults(
    schema,
    "Properties",
    "properties",
    () => names.length,
    (rule, message) => {
      faults.push({ path, rule, message });
    },
  );
  for (const name of textsIn(schema["required"])) missing(task, object, name, "required", words.required);
  dependencies(task, object, hold);
  const known = knownBy(task, names);
  for (const [name, schemas] of known) for (const inner of schemas) property(task, object, name, inner, hold);
  const others = names.filter((name) => !known.has(name));
  if (schema["additionalProperties"] !== undefined) {
    rest(task, object, others, "additionalProperties", hold);
  }
  if (schema["propertyNames"] !== undefined) propertyNames(task, names, schema["propertyNames"], hold);
}

/** Properties that no other keyword looked at. */
export function unevaluatedProperties(task: Task, object: JsonObject, hold: Hold): void {
  if (task.schema["unevaluatedProperties"] === undefined) return;
  const others = Object.keys(object).filter((name) => !task.evaluated.properties.has(name));
  rest(task, object, others, "unevaluatedProperties", hold);
}

function rest(task: Task, object: JsonObject, others: readonly string[], rule: string, hold: Hold): void {
  const { schema, path, faults } = task;
  for (const name of others) {
    if (schema[rule] === false) faults.push({ path: [...path, name], rule, message: words.additionalProperties });
    else property(task, object, name, schema[rule], hold);
    task.evaluated.properties.add(name);
  }
}

/** The schemas that `properties` and `patternProperties` have for each property that is there. */
function knownBy({ walk, schema }: Task, names: readonly string[]): Map<string, JsonValue[]> {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const patterns = isJsonObject(schema["patternProperties"]) ? Object.entries(schema["patternProperties"]) : [];
  const known = new Map<string, JsonValue[]>();
  for (const name of names) {
    const own = Object.hasOwn(properties, name) ? [properties[name] ?? true] : [];
    const matching = patterns.filter(([pattern]) => walk.pattern(pattern).test(name)).map(([, inner]) => inner);
    if (own.length + matching.length > 0) known.set(name, [...own, ...matching]);
  }
  return known;
}

function property(task: Task, object: JsonObject, name: string, schema: JsonValue | undefined, hold: Hold): void {
  const { walk, path, faults, evaluated } = task;
  evaluated.properties.add(name);
  hold({ walk, schema, value: object[name] ?? null, path: [...path, name], faults, evaluated: new Evaluated() });
}

function missing({ path, faults }: Task, object: JsonObject, name: string, rule: string, message: string): void {
  if (!Object.hasOwn(object, name)) faults.push({ path: [...path, name], rule, message });
}

function dependencies(task: Task, object: JsonObject, hold: Hold): void {
  const { dependentRequired, dependentSchemas } = task.schema;
  for (const [name, needed] of Object.entries(isJsonObject(dependentRequired) ? dependentRequired : {})) {
    if (!Object.hasOwn(object, name)) continue;
    const all = textsIn(needed);
    const message = `must have ${all.length === 1 ? "property" : "properties"} ${all.join(", ")} when property ${name} is present`;
    for (const other of all) missing(task, object, other, "dependentRequired", message);
  }
  for (const [name, schema] of Object.entries(isJsonObject(dependentSchemas) ? dependentSchemas : {})) {
    if (Object.hasOwn(object, name)) hold({ ...task, schema });
  }
}

function propertyNames(task: Task, names: readonly string[], schema: JsonValue, hold: Hold): void {
  const { walk, path, faults } = task;
  for (const value of names) {
    if (hold({ walk, schema, value, path, faults, evaluated: new Evaluated() })) continue;
    faults.push({ path, rule: "propertyNames", message: "property name must be valid" });
  }
}

function textsIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === "string") : [];
}
