import { describe, expect, it } from "vitest";
import type { JsonObject } from "../primitives.ts";
import { columnStorage } from "./column-storage.ts";
import { dataModelFieldsSchema } from "./fields.ts";

const $defs = {
  code: { $ref: "#/$defs/text", maxLength: 3 },
  text: { type: "string" },
  round: { $ref: "#/$defs/round" },
};
const storageOf = (held: JsonObject) =>
  columnStorage(
    dataModelFieldsSchema.parse({ type: "object", $defs, properties: { id: { type: "integer" }, held } }),
    "held",
  );

describe("columnStorage", () => {
  it.each<[JsonObject, string]>([
    [{ type: "string" }, "text"],
    [{ type: ["string", "null"] }, "text"],
    [{ type: "string", format: "uuid" }, "uuid"],
    [{ type: "string", format: "date-time" }, "timestamptz"],
    [{ type: "string", format: "date" }, "date"],
    [{ type: "string", format: "time" }, "timetz"],
    [{ type: "string", format: "email" }, "text"],
    [{ type: "integer" }, "bigint"],
    [{ type: "integer", minimum: 1, maximum: 2_147_483_647 }, "integer"],
    [{ type: "integer", minimum: 1, maximum: 2_147_483_648 }, "bigint"],
    [{ type: "integer", exclusiveMinimum: 0, exclusiveMaximum: 10 }, "integer"],
    [{ type: "integer", maximum: 10 }, "bigint"],
    [{ type: "number" }, "double precision"],
    [{ type: ["integer", "number"] }, "double precision"],
    [{ type: "boolean" }, "boolean"],
    [{ type: "object" }, "jsonb"],
    [{ type: "array" }, "jsonb"],
    [{ enum: ["a", "b", null] }, "text"],
    [{ const: 3 }, "bigint"],
    [{ $ref: "#/$defs/code" }, "text"],
    [{ allOf: [{ type: ["string", "integer"] }, { type: ["number", "boolean"] }] }, "bigint"],
    [{ type: "number", "x-pg": "numeric(10,2)" }, "numeric(10,2)"],
    [{ type: "string", format: "uuid", "x-pg": "text" }, "text"],
    [{ type: "string", format: "ipv4", "x-pg": "inet" }, "inet"],
    [{ type: "array", "x-pg": "text[]" }, "text[]"],
    [{ "x-pg": "jsonb" }, "jsonb"],
    [{ type: ["string", "integer"], "x-pg": "jsonb" }, "jsonb"],
  ])("keeps %j as %s", (schema, name) => expect(storageOf(schema)).toMatchObject({ ok: true, type: { name } }));

  it.each<[JsonObject, string, RegExp]>([
    [{}, "type", /must name a type besides null/],
    [{ type: "null" }, "type", /must name a type besides null/],
    [{ $ref: "#/$defs/round" }, "type", /must name a type/],
    [{ type: ["string", "integer"] }, "type", /must be one type besides null, not string and integer/],
    [{ allOf: [{ type: "string" }, { type: "integer" }] }, "type", /must name a type/],
    [{ type: ["string", "integer"], "x-pg": "text" }, "type", /one type that text can hold, not string and integer/],
    [{ "x-pg": "text" }, "type", /one type that text can hold, not any JSON value/],
    [{ type: "string", "x-pg": "money" }, "x-pg", /must be one of smallint/],
    [{ type: "string", "x-pg": "integer" }, "x-pg", /must be a type for string: integer cannot/],
    [{ type: "number", "x-pg": "integer" }, "x-pg", /integer cannot hold every number/],
    [{ type: "object", "x-pg": "text" }, "x-pg", /text cannot hold every object/],
    [{ type: "string", format: "email", "x-pg": "uuid" }, "x-pg", /must fit the format "email"/],
  ])("says of %j what to do about %s", (schema, rule, message) =>
    expect(storageOf(schema)).toEqual({ ok: false, rule, message: expect.stringMatching(message) }),
  );
});
