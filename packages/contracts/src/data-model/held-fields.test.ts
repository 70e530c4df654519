import { describe, expect, it } from "vitest";
import { dataModelFieldsSchema } from "./fields.ts";
import { heldFields, nullableColumns, withoutNulls } from "./held-fields.ts";

const fields = dataModelFieldsSchema.parse({
  type: "object",
  required: ["name"],
  properties: {
    id: { type: "integer", minimum: 1 },
    name: { type: "string", "x-pg": "varchar(10)", maxLength: 20 },
    owner: { type: "string", "x-pg": "uuid" },
    odd: {},
  },
});
const filled = dataModelFieldsSchema.parse({
  type: "object",
  required: ["id", "at", "lit", "unlit"],
  properties: {
    id: { type: "integer" },
    at: { type: "string", format: "date-time", "x-default": "now()" },
    lit: { type: "boolean", default: false },
    unlit: { type: "boolean", default: null },
  },
});

describe("heldFields", () => {
  it("adds what the column's type can hold, and keeps what is narrower already", () => {
    expect(heldFields(fields).properties).toEqual({
      id: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      name: { type: "string", "x-pg": "varchar(10)", maxLength: 10 },
      owner: { type: "string", "x-pg": "uuid", format: "uuid" },
      odd: {},
    });
  });

  it("requires no column to be given that the database fills in", () => {
    expect(heldFields(filled)["required"]).toEqual(["id", "unlit"]);
    expect([...nullableColumns(filled)]).toEqual([]);
  });
});

describe("withoutNulls", () => {
  it("leaves out null where a column may hold none: neither required nor in the key", () => {
    const nullable = nullableColumns(fields);
    expect([...nullable]).toEqual(["owner", "odd"]);
    const row = { id: null, name: null, owner: null, odd: 1, other: null };
    expect(withoutNulls(row, nullable)).toEqual({ id: null, name: null, odd: 1, other: null });
    expect(withoutNulls(fields, nullable)).toBe(fields);
    expect(withoutNulls(null, nullable)).toBeNull();
    expect(withoutNulls([null], nullable)).toEqual([null]);
  });
});
