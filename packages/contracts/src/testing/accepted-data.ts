import fc from "fast-check";
import { type DataFilter, type DataWhere, filterOperators } from "../data-query-filter.ts";
import { aggregateFunctions } from "../data-query-aggregate.ts";
import { errorCodes } from "../errors.ts";
import { jsonValues, texts } from "./arbitraries.ts";
import { words } from "./definitions.ts";

const columnNames = fc.stringMatching(/^[a-z]{3}_[a-z0-9]{0,10}$/);
const modelNames = fc.stringMatching(/^[A-Z][a-z_0-9]{0,20}$/);
const scalars = fc.oneof(texts, fc.integer(), fc.boolean());

export const dataRows = fc.dictionary(columnNames, jsonValues, { maxKeys: 4 });
const dataKeys = fc.dictionary(columnNames, scalars, { minKeys: 1, maxKeys: 3 });

const filters: fc.Arbitrary<DataFilter> = fc
  .record({
    column: columnNames,
    op: fc.constantFrom(...filterOperators),
    text: texts,
    scalars: fc.array(scalars, { minLength: 1, maxLength: 3 }),
  })
  .map(({ column, op, text, scalars }) => {
    if (op === "in" || op === "contains") return { column, op, value: scalars };
    return { column, op, value: op === "is" ? null : op === "search" ? `${text}x` : text };
  });

const trees = fc.letrec<{ tree: DataWhere }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    filters,
    fc.array(tie("tree"), { minLength: 1, maxLength: 2 }).map((and) => ({ and })),
    fc.array(tie("tree"), { minLength: 1, maxLength: 2 }).map((or) => ({ or })),
    tie("tree").map((not) => ({ not })),
  ),
})).tree;

const conditions = { filters: fc.array(filters, { maxLength: 3 }), where: trees };
const columnLists = fc.array(columnNames, { minLength: 1, maxLength: 3 });
const orders = fc.array(fc.record({ column: columnNames }), { maxLength: 4 });
const part = { columns: columnLists, ...conditions, order: orders, limit: fc.integer({ min: 1, max: 100 }) };
const byName = (parts: fc.Arbitrary<unknown>): fc.Arbitrary<object> =>
  fc.dictionary(columnNames, parts, { maxKeys: 2, noNullPrototype: true });
const includes = [0, 1, 2].reduce<fc.Arbitrary<object>>(
  (inner, level) => byName(fc.record<object>(level === 0 ? part : { ...part, include: inner }, { requiredKeys: [] })),
  fc.constant({}),
);

const mode = fc.constantFrom("atomic", "each");
const writing = (rest: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc.record({ model: modelNames, ...rest, idempotency_key: fc.option(words, { nil: undefined }) });

/** What the schemas of `data` must take. */
export const data: Record<string, fc.Arbitrary<unknown>> = {
  dataRowInputSchema: dataRows,
  dataRowSchema: dataRows,
  dataKeySchema: dataKeys,
  dataFilterSchema: filters,
  dataWhereSchema: trees,
  dataListInputSchema: fc.record(
    {
      model: modelNames,
      columns: columnLists,
      ...conditions,
      order: orders,
      include: includes,
      count: fc.constantFrom("none", "exact"),
      limit: fc.integer({ min: 1, max: 1000 }),
      cursor: words,
    },
    { requiredKeys: ["model"] },
  ),
  columnsInputSchema: columnLists,
  filtersInputSchema: conditions.filters,
  orderInputSchema: orders,
  dataIncludeSchema: includes,
  dataListOutputSchema: fc.record(
    { rows: fc.array(dataRows, { maxLength: 2 }), next_cursor: fc.option(words), count: fc.nat() },
    { requiredKeys: ["rows", "next_cursor"] },
  ),
  dataAggregateInputSchema: fc.record({
    model: modelNames,
    group_by: fc.uniqueArray(
      columnNames.map((name) => `g${name}`),
      { maxLength: 2 },
    ),
    measures: fc.dictionary(
      columnNames.map((name) => `m${name}`),
      fc.record({ op: fc.constantFrom(...aggregateFunctions), column: columnNames }),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
    ...conditions,
    limit: fc.integer({ min: 1, max: 1000 }),
  }),
  dataAggregateOutputSchema: fc.record({ groups: fc.array(dataRows, { maxLength: 2 }), more: fc.boolean() }),
  dataCountInputSchema: fc.record({ model: modelNames, ...conditions }),
  dataCountOutputSchema: fc.record({ count: fc.nat() }),
  dataGetInputSchema: fc.record({ model: modelNames, key: dataKeys, include: includes }),
  dataCreateInputSchema: writing({ row: dataRows }),
  dataCreateManyInputSchema: writing({ rows: fc.array(dataRows, { minLength: 1, maxLength: 3 }), mode }),
  dataBatchOutputSchema: fc.record({
    rows: fc.array(dataRows, { maxLength: 3 }),
    written: fc.array(fc.nat(1000), { maxLength: 3 }),
    failed: fc.array(
      fc.record({
        index: fc.nat(1000),
        code: fc.constantFrom(...errorCodes),
        message: texts,
        issues: fc.array(fc.record({ field: texts, rule: texts, message: texts }), { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
  }),
  dataUpsertInputSchema: writing({
    row: dataRows,
    on_conflict: fc.option(fc.array(columnNames, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  }),
  dataUpdateInputSchema: writing({ key: dataKeys, changes: dataKeys }),
  dataUpdateManyInputSchema: writing({
    updates: fc.array(fc.record({ key: dataKeys, changes: dataKeys }), { minLength: 1, maxLength: 3 }),
    mode,
  }),
  dataRemoveInputSchema: writing({ key: dataKeys }),
  modelValidateInputSchema: fc.record(
    { model: modelNames, row: dataRows, key: dataKeys, partial: fc.boolean() },
    { requiredKeys: ["model", "row"] },
  ),
};
