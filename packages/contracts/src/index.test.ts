import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as contracts from "./index.ts";
import { accepted } from "./testing/accepted.ts";
import {
  authenticationContextRows,
  databaseOperationRows,
  dataModelRows,
  supabaseClientRows,
} from "./testing/arbitraries.ts";

const schemas: { name: string; schema: z.ZodType }[] = Object.entries(contracts).flatMap(([name, value]) =>
  value instanceof z.ZodType ? [{ name, schema: value }] : [],
);

/** Anything at all, and rows in which one field is anything at all. */
const rows = fc.oneof(supabaseClientRows, databaseOperationRows, authenticationContextRows, dataModelRows);
const values = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
  fc.tuple(rows, fc.nat(20), fc.anything()).map(([row, index, value]) => {
    const field = Object.keys(row)[index] ?? "extra";
    return { ...row, [field]: value };
  }),
);

/** Made once: the same few hundred values go through every schema. */
const pool = fc.sample(values, 150);

describe("every schema", () => {
  it("is here to be tested", () => {
    expect(schemas.length).toBeGreaterThan(60);
  });

  it("has an arbitrary of values that it must take", () => {
    expect([...accepted.keys()].sort()).toEqual(schemas.map(({ name }) => name).sort());
  });

  it.each(schemas)(
    "$name takes what it is for, and what it made of that again, also sent as JSON",
    ({ name, schema }) => {
      fc.assert(
        fc.property(accepted.get(name) ?? fc.constant(null), (value) => {
          const made = schema.parse(value);
          expect(schema.parse(made)).toEqual(made);
          expect(schema.parse(JSON.parse(JSON.stringify(made)))).toEqual(made);
        }),
      );
    },
  );

  it.each(schemas)("$name answers anything with a result, never by throwing, and takes what it made", ({ schema }) => {
    for (const value of pool) {
      const first = schema.safeParse(value);
      expect(first.success).toBe(first.error === undefined);
      // What was refused is left aside; what was taken must be taken again, and be the same.
      expect(first.success ? schema.parse(first.data) : undefined).toEqual(first.data);
    }
  });

  it.each(schemas)("$name says in its messages what must be, and never how zod calls it", ({ schema }) => {
    for (const value of [undefined, null, 0, "", {}, [], { limit: "x" }, { fields: {} }]) {
      for (const issue of contracts.issuesOf(schema.safeParse(value).error ?? new z.ZodError([]))) {
        expect(issue.message).toMatch(/^must/);
      }
    }
  });
});

describe("output schemas", () => {
  const secrets = ["supabase_key", "access_token", "refresh_token", "token_hash"];
  const outputs = schemas.filter(({ name }) => /(Output|Page)Schema$/.test(name));

  it.each(outputs)("$name has no field for a secret", ({ schema }) => {
    const fields = JSON.stringify(z.toJSONSchema(schema, { unrepresentable: "any", io: "output" }));
    for (const secret of secrets) expect(fields).not.toContain(`"${secret}"`);
    expect(fields).toContain("properties");
  });
});
