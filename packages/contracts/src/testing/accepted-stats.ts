import fc from "fast-check";
import { operationTypes } from "../database-operation.ts";
import { statsParts } from "../operation-stats.ts";
import { addMicroseconds } from "../primitives.ts";
import { clientIds, instants, tableNames, texts, uuids, versions } from "./arbitraries.ts";

const count = fc.nat();
const counts = { operations: count, errors: count, timeouts: count, total_ms: count };
const percentile = fc.option(count);
const totals = { ...counts, p50_ms: percentile, p95_ms: percentile, p99_ms: percentile };
const size = { rows: count, bytes: count };
const listOf = (model: Record<string, fc.Arbitrary<unknown>>) => fc.array(fc.record(model), { maxLength: 2 });

const filter = fc.record(
  {
    parts: fc.subarray([...statsParts], { minLength: 1 }),
    client_id: clientIds,
    operation_type: fc.constantFrom(...operationTypes),
    table_name: tableNames,
    status: fc.constantFrom("success", "error", "timeout"),
    model_id: uuids,
  },
  { requiredKeys: [] },
);
/** By either step: up to 1,500 minutes. */
const range = fc
  .record({ from: instants, microseconds: fc.integer({ min: 1, max: 90_000_000_000 }) })
  .map(({ from, microseconds }) => ({ created_from: from, created_before: addMicroseconds(from, microseconds) }));
const step = fc.constantFrom("minute", "hour");

export const stats: Record<string, fc.Arbitrary<unknown>> = {
  operationStatsInputSchema: fc
    .tuple(filter, fc.oneof(fc.constant({}), range), fc.oneof(fc.constant({}), fc.record({ step })))
    .map((parts) => Object.assign({}, ...parts)),
  operationStatsSchema: fc.record(
    {
      created_from: instants,
      created_before: instants,
      step,
      totals: fc.option(fc.record(totals)),
      series: listOf({ at: instants, ...totals }),
      tables: listOf({ table_name: tableNames, ...totals }),
      clients: listOf({ client_id: clientIds, ...totals }),
      models: listOf({ model_id: fc.option(uuids), schema_version: fc.option(versions), ...totals }),
      users: fc.option(listOf({ user_id: uuids, ...counts })),
      errors: listOf({
        status: fc.constantFrom("error", "timeout"),
        table_name: tableNames,
        error_message: fc.option(texts),
        operations: count,
        last_at: instants,
      }),
    },
    { requiredKeys: ["created_from", "created_before", "step"] },
  ),
  operationRetentionSchema: fc.record({
    partitions: listOf({ name: texts, from: fc.option(instants), before: instants, ...size }),
    elsewhere: fc.record(size),
    last_upkeep: fc.option(
      fc.record({
        ran_at: instants,
        retention_days: count,
        made: count,
        dropped: count,
        moved: count,
        purged: count,
        more: fc.boolean(),
        postponed: fc.boolean(),
      }),
    ),
    jobs_run_by: fc.option(texts),
  }),
};
