import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { dataModelCreateSchema } from "./data-model.ts";
import {
  type ChangesOf,
  type ColumnOf,
  defineModel,
  type FilterOf,
  type KeyOf,
  type ModelDefinition,
  type NewRowOf,
  type RowOf,
} from "./define-model.ts";
import type { JsonValue } from "./primitives.ts";

const loans = defineModel({
  model_name: "loans",
  table_name: "loans",
  schema_version: "1.0.0",
  fields: {
    type: "object",
    "x-primary-key": ["book", "copy"],
    properties: {
      book: { type: "string", format: "uuid" },
      copy: { type: "integer" },
      state: { enum: ["out", "back", null] },
      kind: { const: "loan" },
      days: { type: ["integer", "null"], default: 14 },
      late: { type: "boolean", default: false },
      made_at: { type: "string", format: "date-time", "x-default": "now()" },
      note: { type: ["string", "null"] },
      tags: { type: "array" },
      extra: {},
    },
    required: ["book", "copy", "state", "late", "made_at"],
  },
  indexes: [{ columns: ["state"] }],
  rls_policies: { preset: "public-read" },
});
type Loans = typeof loans;

describe("a model that is defined in a program", () => {
  it("is one that can be created as it is", () => {
    expectTypeOf(loans).toExtend<z.input<typeof dataModelCreateSchema>>();
    // @ts-expect-error a model without fields is none
    defineModel({ model_name: "a", table_name: "a", schema_version: "1.0.0" });
  });

  it("types its rows: columns that need not be given may be null when read", () => {
    expectTypeOf<RowOf<Loans>>().toEqualTypeOf<{
      book: string;
      copy: number;
      state: "out" | "back" | null;
      kind: "loan" | null;
      days: number | null;
      late: boolean;
      made_at: string;
      note: string | null;
      tags: readonly JsonValue[] | null;
      extra: JsonValue;
    }>();
    expectTypeOf<ColumnOf<Loans>>().toEqualTypeOf<keyof RowOf<Loans>>();
    expectTypeOf<KeyOf<Loans>>().toEqualTypeOf<{ book: string; copy: number }>();
  });

  it("types what is written: what the database fills may be left out", () => {
    expectTypeOf<{ book: string; copy: number; state: "out" }>().toExtend<NewRowOf<Loans>>();
    expectTypeOf<{ book: string; copy: number }>().not.toExtend<NewRowOf<Loans>>();
    expectTypeOf<{ book: string; copy: number; state: "lost" }>().not.toExtend<NewRowOf<Loans>>();
    expectTypeOf<{ late: boolean }>().toExtend<ChangesOf<Loans>>();
    expectTypeOf<{ days: null; tags: null }>().toExtend<ChangesOf<Loans>>();
    expectTypeOf<{ late: null }>().not.toExtend<ChangesOf<Loans>>();
    expectTypeOf<{ book: string; copy: number; state: "out"; tags: null }>().toExtend<NewRowOf<Loans>>();
    expectTypeOf<{ late: string }>().not.toExtend<ChangesOf<Loans>>();
  });

  it("types conditions by the column", () => {
    expectTypeOf<{ column: "copy"; op: "gt"; value: number }>().toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "copy"; op: "gt"; value: string }>().not.toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "copy"; op: "like"; value: string }>().not.toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "note"; op: "like"; value: string }>().toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "state"; op: "in"; value: readonly ["out"] }>().toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "extra"; op: "eq"; value: boolean }>().toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "late"; op: "is"; value: true }>().toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "days"; op: "is"; value: null }>().toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "pages"; op: "eq"; value: number }>().not.toExtend<FilterOf<Loans>>();
  });

  it("lets no condition be built that the server refuses by the column's type alone", () => {
    expectTypeOf<{ column: "book"; op: "like"; value: string }>().not.toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "made_at"; op: "ilike"; value: string }>().not.toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "late"; op: "gt"; value: boolean }>().not.toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "days"; op: "is"; value: true }>().not.toExtend<FilterOf<Loans>>();
    expectTypeOf<{ column: "tags"; op: "eq"; value: readonly string[] }>().not.toExtend<FilterOf<Loans>>();
  });

  it("has the key id where none is named, and any columns where nothing is known of them", () => {
    const notes = defineModel({
      model_name: "notes",
      table_name: "notes",
      schema_version: "1.0.0",
      fields: { type: "object", properties: { id: { type: "integer" }, body: { type: "string" } } },
    });
    expectTypeOf<KeyOf<typeof notes>>().toEqualTypeOf<{ id: number }>();
    expectTypeOf<RowOf<typeof notes>["body"]>().toEqualTypeOf<string | null>();
    expectTypeOf<ColumnOf<ModelDefinition>>().toEqualTypeOf<string>();
  });
});
