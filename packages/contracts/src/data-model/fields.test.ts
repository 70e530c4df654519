import { describe, expect, it } from "vitest";
import { expectIssue } from "../testing/expect-issue.ts";
import { columnsOf, dataModelFieldsSchema as schema, primaryKeyOf, requiredOf } from "./fields.ts";

const fields = {
  type: "object",
  properties: { id: { type: "string" }, price: { type: "number", "x-pg": "numeric(10,2)" } },
};
const withPrice = (price: unknown) => ({ ...fields, properties: { ...fields.properties, price } });

describe("dataModelFieldsSchema", () => {
  it("takes a schema and passes it on as it is", () => {
    expect(schema.parse(fields)).toBe(fields);
    expect(schema.safeParse({ $schema: "https://json-schema.org/draft/2020-12/schema", ...fields }).success).toBe(true);
  });

  it.each([
    ["timestamptz"],
    ["text[]"],
    ["double precision"],
    ["timestamp(3) with time zone"],
    ["character varying(20)"],
    ["public_type"],
  ])("takes the type %s", (type) => expect(schema.safeParse(withPrice({ "x-pg": type })).success).toBe(true));

  it.each([
    ["no object", [], "", /must be a JSON Schema, an object/],
    ["another type", { ...fields, type: "array" }, "type", /must be "object"/],
    ["another dialect", { ...fields, $schema: "http://json-schema.org/draft-07/schema#" }, "$schema", /2020-12/],
    ["no properties", { type: "object" }, "properties", /a property for each column/],
    ["no column", { type: "object", properties: {} }, "properties", /a property for each column/],
    [
      "a name with a blank",
      { ...fields, properties: { id: {}, "my col": {} } },
      "properties.my col",
      /plain identifier/,
    ],
    [
      "a name of every object",
      JSON.parse('{"type":"object","properties":{"id":{},"constructor":{}}}'),
      "properties.constructor",
      /JavaScript objects/,
    ],
    ["a system column", { ...fields, properties: { id: {}, xmin: {} } }, "properties.xmin", /system column/],
    [
      "__proto__ at any depth",
      JSON.parse('{"type":"object","properties":{"id":{"properties":{"__proto__":{}}}}}'),
      "",
      /__proto__/,
    ],
    ["a property that is no schema", withPrice(true), "properties.price", /must be a JSON Schema/],
    [
      "SQL as a type",
      withPrice({ "x-pg": "text; drop table x" }),
      "properties.price.x-pg",
      /must name a Postgres type/,
    ],
    ["a type that is no text", withPrice({ "x-pg": 1 }), "properties.price.x-pg", /must name a Postgres type/],
    [
      "SQL as a default",
      withPrice({ "x-default": "now(); drop table x" }),
      "properties.price.x-default",
      /must be one of gen_random_uuid\(\), now\(\), auth\.uid\(\)/,
    ],
    ["an unknown required column", { ...fields, required: ["name"] }, "required.0", /name is none/],
    ["required that is no list", { ...fields, required: true }, "required", /array of column names/],
    ["an unknown key column", { ...fields, "x-primary-key": ["code"] }, "x-primary-key.0", /code is none/],
    ["a key named twice", { ...fields, "x-primary-key": ["id", "id"] }, "x-primary-key", /each column once/],
    ["an empty key", { ...fields, "x-primary-key": [] }, "x-primary-key", /at least one column/],
    ["no key and no id", { type: "object", properties: { code: {} } }, "x-primary-key", /there is no column id/],
    ["more than 64 KiB", withPrice({ description: "é".repeat(32_768) }), "", /65536 bytes/],
    ["NUL in text", withPrice({ description: "\u0000" }), "properties.price.description", /NUL/],
    ["what is no JSON", withPrice({ default: new Date(0) }), "properties.price.default", /must be a JSON value/],
  ])("refuses %s", (_fault, value, path, message) => expectIssue(schema, value, path, message));

  it("takes 500 columns and refuses 501", () => {
    const wide = (count: number) => ({
      type: "object",
      properties: Object.fromEntries(
        Array.from({ length: count }, (_, index) => [index === 0 ? "id" : `c${index}`, {}]),
      ),
    });
    expect(schema.safeParse(wide(500)).success).toBe(true);
    expectIssue(schema, wide(501), "properties", /at most 500 columns/);
  });

  it("takes exactly 64 KiB", () => {
    const room = 65_536 - JSON.stringify(withPrice({ description: "" })).length;
    expect(schema.safeParse(withPrice({ description: "a".repeat(room) })).success).toBe(true);
    expectIssue(schema, withPrice({ description: "a".repeat(room + 1) }), "", /65536 bytes/);
  });

  it("answers a schema nested without end", () => {
    let deep: object = {};
    for (let level = 0; level < 100_000; level += 1) deep = { not: deep };
    expect(schema.safeParse(withPrice(deep)).error?.issues[0]?.message).toMatch(/64 levels/);
  });
});

describe("primaryKeyOf, columnsOf, requiredOf", () => {
  it("read what the schema says, and its defaults", () => {
    const plain = schema.parse(fields);
    expect([primaryKeyOf(plain), columnsOf(plain), requiredOf(plain)]).toEqual([["id"], ["id", "price"], []]);
    const keyed = schema.parse({ ...fields, "x-primary-key": ["price", "id"], required: ["price"] });
    expect([primaryKeyOf(keyed), requiredOf(keyed)]).toEqual([["price", "id"], ["price"]]);
  });
});
