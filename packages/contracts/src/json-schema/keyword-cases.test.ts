import { expect, test } from "vitest";
import { dataModelFieldsSchema } from "../data-model/fields.ts";
import { jsonFault } from "../primitives.ts";
import { keywordCases } from "../testing/keyword-cases.ts";
import { checkFields } from "./check-fields.ts";
import { compileFields } from "./compile-fields.ts";

test("the table of cases has both outcomes for every keyword", () => {
  for (const [keyword, some] of Map.groupBy(keywordCases, ({ keyword }) => keyword)) {
    expect([keyword, new Set(some.map(({ valid }) => valid)).size]).toEqual([keyword, 2]);
  }
});

test("the table of cases is what the server says, case by case", () => {
  const wrong = keywordCases.filter(({ schema, required, value, valid }) => {
    const fields = dataModelFieldsSchema.parse({
      type: "object",
      required: required === true ? ["id", "held"] : ["id"],
      properties: { id: { type: "integer" }, held: schema },
    });
    const row = value === undefined ? { id: 1 } : { id: 1, held: value };
    const isTaken = checkFields(fields).length === 0 && jsonFault(row) === null && compileFields(fields)(row).ok;
    return isTaken !== valid;
  });
  expect(wrong).toEqual([]);
});
