import type { DataModelCreate } from "@waybill/contracts";
import { describe, expect, it } from "vitest";
import { compileModel } from "./compile-model.ts";
import { airportsModel, routesModel } from "./testing/airline.ts";

async function issuesOf(model: DataModelCreate, others: readonly DataModelCreate[] = [airportsModel()]) {
  const result = await compileModel(model, others);
  return result.ok ? [] : result.issues;
}

const withColumn = (schema: object) => routesModel({}, { held: schema });
const withRelation = (relation: object) =>
  routesModel({
    relationships: [{ name: "r", kind: "many-to-one", model: "airports", columns: ["origin"], ...relation }],
  });
const withIndex = (index: object) => routesModel({ indexes: [index] });
const withPolicy = (policy: object) =>
  routesModel({ rls_policies: [{ name: "p", command: "select", roles: ["anon"], using: "true", ...policy }] });
const requiring = (columns: string[]) => ({ ...routesModel().fields, required: columns });

type Fault = [what: string, model: DataModelCreate, field: string, message: RegExp];

describe("compileModel refuses", () => {
  it.each<Fault>([
    [
      "a keyword that is none",
      withColumn({ type: "string", maxlength: 3 }),
      "fields.properties.held.maxlength",
      /must be a keyword/,
    ],
    ["a column of no type", withColumn({}), "fields.properties.held.type", /must name a type/],
    [
      "a type that it does not know",
      withColumn({ type: "string", "x-pg": "citext" }),
      "fields.properties.held.x-pg",
      /must be one of smallint/,
    ],
    [
      "a type for other values",
      withColumn({ type: "boolean", "x-pg": "text" }),
      "fields.properties.held.x-pg",
      /must be a type for boolean/,
    ],
    [
      "null where it is required",
      routesModel({
        fields: {
          ...requiring(["held"]),
          properties: { ...routesModel().fields.properties, held: { type: ["string", "null"] } },
        },
      }),
      "fields.properties.held.type",
      /must not take null where it is required/,
    ],
    [
      "null in a key",
      routesModel({}, { id: { type: ["string", "null"], default: "a" } }),
      "fields.properties.id.type",
      /must not take null in a key/,
    ],
    ["a key that nobody gives", routesModel({}, { id: { type: "integer" } }), "fields.required", /must name id/],
    [
      "a key that has no order",
      routesModel({}, { id: { type: "object", "x-pg": "json", default: {} } }),
      "fields.x-primary-key",
      /id is json/,
    ],
    [
      "a default of another type",
      withColumn({ type: "integer", default: "1" }),
      "fields.properties.held.default",
      /must be a value that the column takes: it must be integer/,
    ],
    [
      "a default that breaks a rule",
      withColumn({ type: "string", maxLength: 2, default: "abc" }),
      "fields.properties.held.default",
      /2 characters/,
    ],
    [
      "a default beyond the column's type",
      withColumn({ type: "integer", "x-pg": "smallint", default: 40_000 }),
      "fields.properties.held.default",
      /<= 32767/,
    ],
    [
      "two defaults",
      withColumn({
        type: "string",
        format: "uuid",
        default: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e",
        "x-default": "auth.uid()",
      }),
      "fields.properties.held.x-default",
      /keep one/,
    ],
    [
      "an expression for another type",
      withColumn({ type: "string", "x-default": "now()" }),
      "fields.properties.held.x-default",
      /timestamptz column: this one is text/,
    ],
    [
      "a list without a right value",
      withColumn({ type: "string", maxLength: 1, enum: ["ab"] }),
      "fields.properties.held.enum",
      /must have a value/,
    ],
    [
      "rules of text where none is kept",
      withColumn({ type: "string", format: "date-time", pattern: "Z$" }),
      "fields.properties.held.pattern",
      /keep the text itself with x-pg: text/,
    ],
    [
      "a list of instants",
      withColumn({ type: "string", format: "date-time", enum: ["2026-11-22T10:00:00Z"] }),
      "fields.properties.held.enum",
      /timestamptz keeps the value/,
    ],

    ["a relation to no model", withRelation({ model: "ports" }), "relationships.0.model", /ports is none/],
    [
      "a way through no model",
      withRelation({ kind: "many-to-many", through: "legs", target_columns: ["b"] }),
      "relationships.0.through",
      /legs is none/,
    ],
    [
      "a foreign key to a missing column",
      withRelation({ references: ["icao"] }),
      "relationships.0.references",
      /columns of airports: icao is none/,
    ],
    [
      "a foreign key to what is not unique",
      withRelation({ references: ["city"] }),
      "relationships.0.references",
      /key of airports or a unique index/,
    ],
    [
      "a foreign key of another type",
      withRelation({ columns: ["seats"] }),
      "relationships.0.columns",
      /seats is integer, iata is text/,
    ],
    [
      "a foreign key of other length",
      withRelation({ columns: ["origin", "destination"] }),
      "relationships.0.columns",
      /as many as airports has/,
    ],
    [
      "set null where null may not be",
      withRelation({ on_delete: "set null" }),
      "relationships.0.on_delete",
      /origin may not be null/,
    ],
    [
      "a column that the other model lacks",
      withRelation({ kind: "one-to-many", columns: ["route_id"] }),
      "relationships.0.columns",
      /columns of airports: route_id is none/,
    ],

    [
      "an index whose method has no class",
      withIndex({ columns: ["origin"], method: "gin" }),
      "indexes.0.method",
      /must be a method for text/,
    ],
    ["a gist of plain columns", withIndex({ columns: ["origin"], method: "gist" }), "indexes.0.method", /use btree/],
    ["a brin of JSON", withIndex({ columns: ["extras"], method: "brin" }), "indexes.0.method", /jsonb/],
    [
      "an index on a volatile condition",
      withIndex({ columns: ["origin"], where: "created_at > now()" }),
      "indexes.0.where",
      /must not call now/,
    ],
    [
      "an index of the name of a table",
      withIndex({ name: "airports", columns: ["origin"] }),
      "indexes.0.name",
      /must be unlike airports/,
    ],
    [
      "an index of the name of another's key",
      withIndex({ name: "airports_pkey", columns: ["origin"] }),
      "indexes.0.name",
      /table or index of airports/,
    ],
    [
      "an index of Postgres' own names",
      withIndex({ name: "pg_x", columns: ["origin"] }),
      "indexes.0.name",
      /begin with pg_/,
    ],
    ["a table of another model", routesModel({ table_name: "airports" }), "table_name", /must be unlike airports/],

    [
      "SQL in a policy",
      withPolicy({ using: "true); drop table routes; --" }),
      "rls_policies.0.using",
      /must be one SQL condition/,
    ],
    [
      "a policy that reads secrets",
      withPolicy({ using: "exists (select 1 from auth.users)" }),
      "rls_policies.0.using",
      /tables of public only/,
    ],
    [
      "an insert that nobody could do",
      withPolicy({ command: "insert", using: undefined }),
      "rls_policies.0.check",
      /must be given for insert/,
    ],
    [
      "an update that finds nothing",
      withPolicy({ command: "update", using: undefined, check: "true" }),
      "rls_policies.0.using",
      /must be given for update/,
    ],
    [
      "a policy's name that Postgres would cut",
      withPolicy({ name: "é".repeat(40) }),
      "rls_policies.0.name",
      /63 bytes/,
    ],
    [
      "a preset on a column of another type",
      routesModel({}, { user_id: { type: "integer" } }),
      "rls_policies.preset",
      /user_id as uuid or text/,
    ],
  ])("%s", async (_what, model, field, message) => {
    expect(await issuesOf(model)).toContainEqual({
      field,
      rule: expect.any(String),
      message: expect.stringMatching(message),
    });
  });

  it("two sides of a relation that do not agree", async () => {
    const one = { name: "departures", kind: "one-to-many", model: "routes", columns: ["origin"], on_delete: "cascade" };
    const airports = airportsModel({ relationships: [one] });
    expect(await issuesOf(airports, [routesModel()])).toEqual([
      {
        field: "relationships.0.on_delete",
        rule: "relationship",
        message: expect.stringMatching(/no action, as routes\.from_airport says/),
      },
    ]);
    expect(await issuesOf(routesModel(), [airports])).toEqual([]);
  });

  it.each([
    ["inet", "interval", false],
    ["inet", "inet", true],
    ["text[]", "integer[]", false],
    ["text", "varchar(3)", true],
    ["smallint", "bigint", true],
  ])("a foreign key from %s to %s as Postgres would", async (from, to, isFine) => {
    const held = (type: string) => ({ type: jsonTypeOf(type), "x-pg": type });
    const ports = { model_name: "ports", table_name: "ports" };
    const others = [airportsModel({ ...ports, indexes: [{ columns: ["code"], unique: true }] }, { code: held(to) })];
    const relation = { name: "r", kind: "many-to-one", model: "ports", columns: ["held"], references: ["code"] };
    const issues = await issuesOf(routesModel({ relationships: [relation] }, { held: held(from) }), others);
    expect(issues.map(({ field }) => field)).toEqual(isFine ? [] : ["relationships.0.columns"]);
  });

  it("what another model asks of it, naming who asks", async () => {
    const one = { name: "departures", kind: "one-to-many", model: "routes", columns: ["seats"] };
    expect(await issuesOf(routesModel(), [airportsModel({ relationships: [one] })])).toEqual([
      {
        field: "relationships",
        rule: "relationship",
        message: expect.stringMatching(/seats is integer, iata is text \(asked by airports\.departures\)/),
      },
    ]);
  });

  it("models that require each other, and takes them when one need not", async () => {
    const airports = (required: string[]) =>
      airportsModel({
        fields: {
          ...airportsModel().fields,
          required: ["iata", ...required],
          properties: { iata: { type: "string" }, hub_of: { type: "string", format: "uuid" } },
        },
        relationships: [{ name: "hub", kind: "many-to-one", model: "routes", columns: ["hub_of"] }],
      });
    const message = expect.stringMatching(/must not require each other: .*routes → airports → routes/);
    expect(await issuesOf(routesModel(), [airports(["hub_of"])])).toEqual([
      { field: "relationships.0.columns", rule: "relationship", message },
    ]);
    expect(await issuesOf(routesModel(), [airports([])])).toEqual([]);
  });

  it("takes a model that refers to itself", async () => {
    const self = { name: "parent", kind: "many-to-one", model: "routes", columns: ["parent_id"] };
    expect(
      await issuesOf(routesModel({ relationships: [self] }, { parent_id: { type: "string", format: "uuid" } })),
    ).toEqual([]);
  });

  it("every fault at once", async () => {
    const model = routesModel(
      {
        indexes: [{ columns: ["origin"], method: "gist" }],
        relationships: [{ name: "r", kind: "many-to-one", model: "x", columns: ["origin"] }],
      },
      { a: {}, b: { type: "integer", default: "x" } },
    );
    expect((await issuesOf(model)).map(({ field }) => field)).toEqual([
      "fields.properties.a.type",
      "fields.properties.b.default",
      "relationships.0.model",
      "indexes.0.method",
    ]);
  });
});

function jsonTypeOf(type: string): string {
  if (type.endsWith("[]")) return "array";
  return type.endsWith("int") ? "integer" : "string";
}
