import { columnLayers, columnsOf, type DataModelCreate, type JsonValue, layerValues } from "@waybill/contracts";
import { compileFields } from "@waybill/contracts/json-schema";
import fc from "fast-check";
import { someNumbers, someTexts } from "./small-columns.ts";

const formatted = [
  "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e",
  "2026-11-22T10:00:00.5+05:45",
  "1969-12-31T23:59:60Z",
  "10000-01-01T00:00:00Z",
  "infinity",
  "2024-02-29",
  "2023-02-29",
  "10:00:00Z",
  "24:00:00Z",
  "NaN",
  "now",
];

const known: readonly JsonValue[] = [
  ...someTexts,
  ...someNumbers,
  ...formatted,
  true,
  false,
  {},
  [],
  { a: [1, null] },
  -2,
  2,
  5,
  12,
  420,
];

const anything: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom(...known, null),
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(sent),
  fc.jsonValue({ maxDepth: 2 }).map(sent),
);

/** As a caller can send it: -0 does not survive JSON. */
function sent(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value));
}

type SmallRow = Readonly<Record<string, JsonValue | undefined>>;

/** Rows of a model: mostly right ones, and such that break a rule of it. */
export function smallRows(model: DataModelCreate): fc.Arbitrary<SmallRow> {
  const columns = columnsOf(model.fields).map((column) => [column, valuesOf(model, column)] as const);
  const whole: fc.Arbitrary<SmallRow> = fc.record(Object.fromEntries(columns));
  const some: fc.Arbitrary<SmallRow> = fc.record(Object.fromEntries(columns), { requiredKeys: [] });
  return fc.oneof(whole, some);
}

function valuesOf(model: DataModelCreate, column: string): fc.Arbitrary<JsonValue> {
  const layers = columnLayers(model.fields, column);
  const listed = [...layerValues(layers, "enum").flat(), ...layerValues(layers, "const")];
  const validate = compileFields(model.fields);
  const right = [...listed, ...known].filter((value) => validate({ [column]: value }, { partial: true }).ok);
  if (right.length === 0) return anything;
  return fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: anything });
}
