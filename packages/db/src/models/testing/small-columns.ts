import type { JsonObject } from "@waybill/contracts";
import fc from "fast-check";

/** A column, and what a test has to know of it. */
export interface SmallColumn {
  readonly schema: JsonObject;
  /** Whether it can stand in a key, and be ordered by an index. */
  readonly isPlain: boolean;
}

const plain = (schema: fc.Arbitrary<JsonObject>) => schema.map((schema): SmallColumn => ({ schema, isPlain: true }));

export const patterns = ["^[A-Z]{3}$", "a.c", "^(?:ab|c\\d+)?$", "[^\\w]", "^\\s*$", "é|🛫"] as const;
export const someTexts = [
  "",
  "a",
  "ABC",
  "abc",
  "c12",
  "it's",
  "a\\b",
  "é",
  "🛫",
  " \n",
  "a\nc",
  "NULL",
  "x".repeat(40),
];
export const someNumbers = [
  0,
  1,
  -1,
  3,
  10,
  0.1,
  0.30000000000000004,
  2.5,
  -7.25,
  32_768,
  2 ** 31,
  2 ** 53,
  1e21,
  5e-324,
];

const lengths = fc
  .tuple(fc.nat(4), fc.nat(4))
  .map(([least, more]) => ({ type: "string", minLength: least, maxLength: least + more }));
const texts: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.constant({ type: "string" }),
  fc.constant({ type: "string", default: "it's" }),
  lengths,
  fc.constantFrom(...patterns).map((pattern) => ({ type: "string", pattern })),
  fc.uniqueArray(fc.constantFrom(...someTexts), { minLength: 1, maxLength: 4 }).map((values) => ({ enum: values })),
  fc.constantFrom(...someTexts).map((value) => ({ type: "string", const: value })),
  fc.integer({ min: 1, max: 5 }).map((size) => ({ type: "string", "x-pg": `varchar(${size})` })),
);

const limits = fc.record(
  {
    minimum: fc.constantFrom(...someNumbers, -1e300),
    maximum: fc.constantFrom(...someNumbers, 1e300),
    exclusiveMinimum: fc.constantFrom(-5, 0, 0.1),
    exclusiveMaximum: fc.constantFrom(5, 10.5, 1e9),
  },
  { requiredKeys: [] },
);
const integers: fc.Arbitrary<JsonObject> = fc.oneof(
  limits.map((limit) => ({ type: "integer", ...limit })),
  fc.constantFrom("smallint", "integer", "bigint").map((type) => ({ type: "integer", "x-pg": type })),
  fc.integer({ min: 1, max: 7 }).map((divisor) => ({ type: "integer", multipleOf: divisor })),
  fc.uniqueArray(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 4 }).map((values) => ({ enum: values })),
);
const numbers: fc.Arbitrary<JsonObject> = fc.oneof(
  limits.map((limit) => ({ type: "number", ...limit })),
  fc.uniqueArray(fc.constantFrom(...someNumbers), { minLength: 1, maxLength: 4 }).map((values) => ({
    type: "number",
    enum: values,
  })),
);
const formatted: fc.Arbitrary<JsonObject> = fc.constantFrom<JsonObject[]>(
  { type: "string", format: "uuid" },
  { type: "string", format: "uuid", "x-default": "gen_random_uuid()" },
  { type: "string", format: "date-time" },
  { type: "string", format: "date-time", "x-default": "now()" },
  { type: "string", format: "date" },
  { type: "string", format: "time" },
);
const others: fc.Arbitrary<JsonObject> = fc.constantFrom<JsonObject[]>(
  { type: "boolean" },
  { type: "boolean", default: false },
  { type: "object" },
  { type: "object", default: { a: ["it's"] } },
  { type: "array" },
);

/** Columns that can stand in a key. */
export const keyColumns: fc.Arbitrary<SmallColumn> = plain(fc.oneof(texts, integers, formatted));

/** Columns of every kind, each with rules that some value keeps or that none does. */
export const smallColumns: fc.Arbitrary<SmallColumn> = fc.oneof(
  keyColumns,
  plain(numbers),
  others.map((schema): SmallColumn => ({ schema, isPlain: false })),
);
