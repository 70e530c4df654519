import type { DataModelFields } from "../data-model/columns.ts";
import { resolveRef } from "../json-schema/subschemas.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../primitives/json-object.ts";

/** How far `$ref`s are followed; `checkFields` refuses those that lead back to themselves. */
const refLimit = 64;

/** A schema with its `$ref` followed; what stands beside the `$ref` goes before. */
export function followed(fields: DataModelFields, schema: JsonObject): JsonObject {
  let at = schema;
  for (let step = 0; step < refLimit; step += 1) {
    const { $ref, ...own } = at;
    const target = typeof $ref === "string" ? resolveRef(fields, $ref) : null;
    if (target === null) return at;
    at = { ...target, ...own };
  }
  return at;
}

/** The schema of a property or of the items of a list; null when there is none. */
export function schemaAt(fields: DataModelFields, schema: JsonObject, keyword: "items" | "properties", name?: string) {
  const inner: JsonValue | undefined = followed(fields, schema)[keyword];
  const found = name === undefined || !isJsonObject(inner) ? inner : ownProperty(inner, name);
  return isJsonObject(found) ? followed(fields, found) : null;
}

function ownProperty(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The types that a schema names, null left out; empty when it names none. */
export function typesIn({ type }: JsonObject): readonly string[] {
  const names = Array.isArray(type) ? type : [type];
  return names.filter((name): name is string => typeof name === "string" && name !== "null");
}

const plain: Readonly<Record<string, string>> = {
  boolean: "bool",
  integer: "int",
  number: "double",
  object: "map",
  string: "string",
};

/** CEL's type for the values of a schema: what a rule's author sees. `dyn` where the schema leaves it open. */
export function celTypeOf(fields: DataModelFields, schema: JsonObject): string {
  const known = followed(fields, schema);
  const types = typesIn(known);
  const [only] = types;
  if (types.length !== 1 || only === undefined) return celTypeOfValues(known);
  if (only === "string" && known["format"] === "date-time") return "google.protobuf.Timestamp";
  if (only !== "array") return plain[only] ?? "dyn";
  const items = schemaAt(fields, known, "items");
  return items === null || known["prefixItems"] !== undefined ? "list<dyn>" : `list<${celTypeOf(fields, items)}>`;
}

/** Of a schema without a type, but with an enum of texts. */
function celTypeOfValues(schema: JsonObject): string {
  const values = schema["enum"];
  const named = typesIn(schema).length === 0 && Array.isArray(values);
  return named && values.every((value) => typeof value === "string") ? "string" : "dyn";
}
