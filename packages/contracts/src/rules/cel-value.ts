import type { DataModelFields } from "../data-model/columns.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../primitives/json-object.ts";
import { followed, schemaAt, typesIn } from "./cel-type.ts";

/** A value as CEL has it: integers are bigints, times are Dates. */
export type CelValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | readonly CelValue[]
  | { readonly [key: string]: CelValue };

/** A value that its schema does not allow: rows that were written past Waybill may have such. */
export class Unfit extends Error {}

/** Turns a value of a column into CEL's; undefined for what a rule shall find unknown: null, or a time that is none. Throws {@link Unfit}. */
export type Convert = (value: JsonValue | undefined) => CelValue | undefined;

/** Made once for a column, so that a row costs no look at its schema. */
export function converterOf(fields: DataModelFields, schema: JsonObject): Convert {
  const known = followed(fields, schema);
  const types = typesIn(known);
  const isTime = types.includes("string") && known["format"] === "date-time";
  const isInteger = types.includes("integer") && !types.includes("number");
  const list = types.includes("array") || types.length === 0 ? listConverter(fields, known) : unfit;
  const object = types.includes("object") || types.length === 0 ? objectConverter(fields, known) : unfit;
  return (value) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return isTime ? timeOf(value) : value;
    if (typeof value === "number") return isInteger && Number.isInteger(value) ? BigInt(value) : value;
    if (typeof value === "boolean") return value;
    return isJsonObject(value) ? object(value) : list(value);
  };
}

/** What loops cost was reckoned with a list of the schema's length. */
function unfit(): never {
  throw new Unfit("a value is not as its schema says");
}

/** Every way in which the format date-time may be written; engines of JavaScript differ in what they read of it. */
const time = /^(\d{4}-\d\d-\d\d)[Tt\s](\d\d:\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-]\d\d):?(\d\d)?)$/;

/** Milliseconds are as far as CEL's times go here; a leap second counts as the second before it. */
export function timeOf(text: string): Date | undefined {
  const [, day, minute, second, fraction = "", hours, minutes = "00"] = time.exec(text) ?? [];
  if (day === undefined) return undefined;
  const zone = hours === undefined ? "Z" : `${hours}:${minutes}`;
  const at = new Date(`${day}T${minute}:${second === "60" ? "59" : second}${fraction.slice(0, 4)}${zone}`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

function listConverter(fields: DataModelFields, schema: JsonObject): Convert {
  const items = schemaAt(fields, schema, "items");
  const rest = items === null ? convertLoose : converterOf(fields, items);
  const first = Array.isArray(schema["prefixItems"])
    ? schema["prefixItems"].map((item) => (isJsonObject(item) ? converterOf(fields, item) : convertLoose))
    : [];
  const most = typeof schema["maxItems"] === "number" ? schema["maxItems"] : Infinity;
  // In a list a null keeps its place: `tags.all(t, t != null)`.
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    if (value.length > most) unfit();
    return value.map((item: JsonValue, at) => (first[at] ?? rest)(item) ?? null);
  };
}

function objectConverter(fields: DataModelFields, schema: JsonObject): Convert {
  const { properties } = schema;
  const names = isJsonObject(properties) ? Object.keys(properties) : [];
  const known = new Map(
    names.map((name) => [name, converterOf(fields, schemaAt(fields, schema, "properties", name) ?? {})]),
  );
  return (value) => (isJsonObject(value) ? mapOf(value, (name) => known.get(name) ?? convertLoose) : undefined);
}

/** An object without its nulls, so that `has(address.zip)` tells what is given. */
function mapOf(value: JsonObject, converterFor: (name: string) => Convert): CelValue {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, CelValue][] => {
      const made = converterFor(name)(inner);
      return made === undefined ? [] : [[name, made]];
    }),
  );
}

/** For what no schema tells of. */
function convertLoose(value: JsonValue | undefined): CelValue | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") return value;
  if (isJsonObject(value)) return mapOf(value, () => convertLoose);
  return value.map((item) => convertLoose(item) ?? null);
}

/** Characters and items in a value: what looking at all of it may cost. */
export function weightOf(value: JsonValue | undefined): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 1;
  let weight = 1;
  for (const inner of Object.values(value)) weight += weightOf(inner);
  return weight;
}
