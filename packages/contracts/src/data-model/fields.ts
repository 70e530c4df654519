import { z } from "zod";
import {
  byteLength,
  columnNameSchema,
  isJsonObject,
  jsonDepthLimit,
  jsonFault,
  type JsonObject,
  type JsonValue,
} from "../primitives.ts";
import { type DataModelFields, isNames } from "./columns.ts";

export { columnsOf, type DataModelFields, primaryKeyOf, requiredOf } from "./columns.ts";

/** Size of a model's `fields` as JSON text, in bytes (decisions.md). */
export const fieldsByteLimit = 65_536;

/** Columns of one model; Postgres itself ends at 1,600. */
export const columnLimit = 500;

/** What `x-default` may name: expressions that no JSON value can say. */
export const defaultExpressions = ["gen_random_uuid()", "now()", "auth.uid()"] as const;
export type DefaultExpression = (typeof defaultExpressions)[number];

/** The dialect of every model's schema. */
export const jsonSchemaDialect = "https://json-schema.org/draft/2020-12/schema";

/**
 * Shape, size and names of a model's fields (data-model.md §4). Whether they are a valid schema is for
 * `checkFields` of `@waybill/contracts/json-schema` to tell, which needs ajv.
 */
export const dataModelFieldsSchema = z
  .custom<DataModelFields>(isJsonObject, { error: "must be a JSON Schema, an object", abort: true })
  .superRefine((fields, context) => {
    const fault = documentFault(fields);
    // `continue: false`: what checks a whole model may rely on the shape of its fields.
    const faults = fault === null ? shapeFaults(fields) : [fault];
    for (const { path, message } of faults) {
      context.addIssue({ code: "custom", path: [...path], message, continue: false });
    }
  });

interface Fault {
  readonly path: (string | number)[];
  readonly message: string;
}

function documentFault(fields: object) {
  const fault = jsonFault(fields, jsonDepthLimit);
  if (fault !== null) return fault;
  const text = JSON.stringify(fields);
  if (text.includes('"__proto__":')) return { path: [], message: "must not have a key __proto__; rename it" };
  if (byteLength(text) <= fieldsByteLimit) return null;
  return { path: [], message: `must have at most ${fieldsByteLimit} bytes (64 KiB) as JSON; split the model` };
}

function shapeFaults(fields: JsonObject): Fault[] {
  const faults: Fault[] = [];
  if (fields["type"] !== "object") faults.push({ path: ["type"], message: 'must be "object": a row is one' });
  const dialect = fields["$schema"];
  if (dialect !== undefined && dialect !== jsonSchemaDialect) {
    faults.push({ path: ["$schema"], message: `must be ${jsonSchemaDialect}, or be left out` });
  }
  const properties = fields["properties"];
  if (!isJsonObject(properties) || Object.keys(properties).length === 0) {
    return [...faults, { path: ["properties"], message: "must be an object with a property for each column" }];
  }
  return [...faults, ...propertyFaults(properties), ...namesFaults(fields, properties)];
}

function propertyFaults(properties: JsonObject): Fault[] {
  const entries = Object.entries(properties);
  if (entries.length > columnLimit) {
    return [{ path: ["properties"], message: `must have at most ${columnLimit} columns; split the model` }];
  }
  return entries.flatMap(([name, property]) => {
    const path = ["properties", name];
    const named = columnNameSchema.safeParse(name);
    const faults: Fault[] = (named.error?.issues ?? []).map(({ message }) => ({ path, message }));
    if (!isJsonObject(property)) return [...faults, { path, message: "must be a JSON Schema, an object" }];
    const type = property["x-pg"];
    if (type !== undefined && (typeof type !== "string" || !isPostgresType(type))) {
      const message = "must name a Postgres type, such as numeric(10,2), timestamptz or text[]";
      faults.push({ path: [...path, "x-pg"], message });
    }
    const filled = property["x-default"];
    if (filled !== undefined && !defaultExpressions.some((expression) => expression === filled)) {
      const message = `must be one of ${defaultExpressions.join(", ")}; a plain value goes into default`;
      faults.push({ path: [...path, "x-default"], message });
    }
    return faults;
  });
}

function isPostgresType(text: string): boolean {
  return (
    text.length <= 100 &&
    /^[a-z_][a-z0-9_]*(?: [a-z]+)*(?:\(\d{1,4}(?:, ?\d{1,4})?\))?(?: [a-z]+)*(?:\[\])?$/.test(text)
  );
}

function namesFaults(fields: JsonObject, properties: JsonObject): Fault[] {
  const faults: Fault[] = [];
  const required = fields["required"];
  if (required !== undefined) faults.push(...columnListFaults("required", required, properties));
  const key = fields["x-primary-key"];
  if (key !== undefined) {
    faults.push(...columnListFaults("x-primary-key", key, properties));
    if (Array.isArray(key) && key.length === 0) {
      faults.push({ path: ["x-primary-key"], message: "must name at least one column" });
    }
  } else if (!Object.hasOwn(properties, "id")) {
    faults.push({ path: ["x-primary-key"], message: "must name the key's columns, since there is no column id" });
  }
  return faults;
}

function columnListFaults(keyword: string, list: JsonValue, properties: JsonObject): Fault[] {
  if (!isNames(list)) return [{ path: [keyword], message: "must be an array of column names" }];
  const faults: Fault[] = list.flatMap((name, index) =>
    Object.hasOwn(properties, name) ? [] : [{ path: [keyword, index], message: `must be a column: ${name} is none` }],
  );
  if (new Set(list).size < list.length) faults.push({ path: [keyword], message: "must name each column once" });
  return faults;
}
