import fc from "fast-check";
import { operationTypes } from "../database-operation.ts";
import { addMicroseconds } from "../primitives.ts";
import { instants, tableNames, texts, uuids, versions } from "./arbitraries.ts";

const count = fc.nat();
const range = fc
  .record({ from: instants, microseconds: fc.integer({ min: 1, max: 90_000_000_000 }) })
  .map(({ from, microseconds }) => ({ created_from: from, created_before: addMicroseconds(from, microseconds) }));
const ways = fc.record(
  { by: fc.constantFrom("p95", "total_time"), limit: fc.integer({ min: 1, max: 50 }) },
  { requiredKeys: [] },
);
const slow = fc.record({
  table_name: tableNames,
  operation_type: fc.constantFrom(...operationTypes),
  shape: texts,
  calls: count,
  failures: count,
  p50_ms: count,
  p95_ms: count,
  max_ms: count,
  total_ms: count,
  slowest_operation_id: uuids,
});
const columnNames = fc.constantFrom("title", "note", "owner_id");
const usage = fc.record({
  schema_version: versions,
  operations: count,
  writes: count,
  callers: count,
  last_used_at: instants,
  most_active: fc.array(fc.record({ user_id: fc.uuid(), operations: count, last_used_at: instants }), { maxLength: 2 }),
  fields: fc.array(fc.record({ name: columnNames, operations: count, callers: count }), { maxLength: 2 }),
});
const unavailable = fc.record({ available: fc.constant(false), reason: texts });
const available = (model: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof(fc.record({ available: fc.constant(true), ...model }), unavailable);
const digits = (max: number) => fc.integer({ min: 1, max }).map(String);

/** What the schemas of export, slow and advise must take. */
export const reading: Record<string, fc.Arbitrary<unknown>> = {
  databaseOperationExportSchema: fc.record(
    {
      operation_type: fc.constantFrom(...operationTypes),
      table_name: tableNames,
      schema_version: versions,
      min_execution_time_ms: digits(1000),
      max_execution_time_ms: fc.constant("1000"),
      min_attempts: digits(4),
      format: fc.constantFrom("ndjson", "csv"),
    },
    { requiredKeys: [] },
  ),
  modelUsageInputSchema: fc.tuple(range, columnNames).map(([between, model_name]) => ({ ...between, model_name })),
  versionUsageSchema: usage,
  modelUsageSchema: fc.record({
    versions: fc.array(usage, { maxLength: 2 }),
    records_read: count,
    complete: fc.boolean(),
  }),
  slowOperationsInputSchema: fc.tuple(range, ways).map(([between, how]) => ({ ...between, ...how })),
  slowOperationSchema: slow,
  slowOperationsSchema: fc.record({
    rows: fc.array(slow, { maxLength: 2 }),
    records_read: count,
    complete: fc.boolean(),
  }),
  operationAdviceSchema: fc.record(
    {
      statement: fc.option(texts),
      left_out: fc.array(texts, { maxLength: 2 }),
      plan: available({ text: texts }),
      indexes: available({ statements: fc.array(texts, { maxLength: 2 }) }),
    },
    { requiredKeys: ["statement", "plan", "indexes"] },
  ),
};
