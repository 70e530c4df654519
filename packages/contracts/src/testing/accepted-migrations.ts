import fc from "fast-check";
import { lockModes, migrationStatuses } from "../model-migration.ts";
import { definitions } from "./definitions.ts";
import { hashes, instants, texts, uuids, versions } from "./arbitraries.ts";

const names = fc.stringMatching(/^[a-z]{3}_[a-z0-9]{0,10}$/);
const list = (entry: fc.Arbitrary<unknown>) => fc.array(entry, { maxLength: 2 });
const bothWays = (entry: fc.Arbitrary<unknown>) => fc.record({ up: entry, down: entry });
const flags = fc.boolean();

const steps = fc.record({ model_name: names, from: fc.option(versions), to: fc.option(versions) });
const statements = fc.record({
  sql: texts,
  kind: texts,
  table: fc.option(texts),
  lock: fc.option(fc.constantFrom(...lockModes)),
  also_locks: list(texts),
  rewrites: flags,
  scans: flags,
  loses: fc.option(texts),
  effect: texts,
});
const usage = fc.record({
  model_name: names,
  versions: fc.constant([]),
  records_read: fc.nat(),
  complete: flags,
});
const migrations = fc.record({
  fingerprint: hashes,
  models: list(steps),
  status: fc.constantFrom(...migrationStatuses),
  planned_at: instants,
  planned_by: uuids,
  changed_at: fc.option(instants),
  changed_by: fc.option(uuids),
  migration_version: fc.option(texts),
});

const imported = fc.record({ table: texts, draft: fc.option(definitions), notes: list(texts) });

export const migrated: Record<string, fc.Arbitrary<unknown>> = {
  modelImportInputSchema: fc.record(
    { tables: fc.uniqueArray(names, { minLength: 1, maxLength: 5 }) },
    { requiredKeys: [] },
  ),
  importedTableSchema: imported,
  modelImportOutputSchema: fc.record({ tables: list(imported) }),
  modelDriftInputSchema: fc.record({ model_name: names }),
  modelDriftSchema: fc.record({ model_name: names, schema_version: versions, lines: list(texts) }),
  planFingerprintSchema: hashes,
  versionStepSchema: steps,
  planStatementSchema: statements,
  modelPlanInputSchema: fc.record(
    {
      models: fc.uniqueArray(names, { minLength: 1, maxLength: 5 }),
      renames: list(fc.record({ model: names, column: names, to: names })),
      sample_rows: fc.integer({ min: 0, max: 2000 }),
      from_table: flags,
    },
    { requiredKeys: ["models"] },
  ),
  modelPlanSchema: fc.record({
    fingerprint: hashes,
    models: list(steps),
    adopts: list(names),
    up: list(statements),
    down: list(statements),
    loses: bothWays(list(texts)),
    proof: fc.record({
      steps: list(fc.record({ name: texts, ms: fc.nat() })),
      rows: fc.dictionary(names, fc.nat(), { maxKeys: 2 }),
    }),
    warnings: list(fc.record({ field: texts, rule: texts, message: texts })),
    usage: list(usage),
    run_by_hand: fc.option(bothWays(texts)),
  }),
  modelMigrateInputSchema: fc.record(
    { fingerprint: hashes, confirm_destructive: flags },
    { requiredKeys: ["fingerprint"] },
  ),
  modelMigrateOutputSchema: fc.record({
    fingerprint: hashes,
    models: list(steps),
    version: texts,
    name: texts,
    already: flags,
    files: list(texts),
    file_error: fc.option(texts),
  }),
  modelPurgeInputSchema: fc.record({ fingerprint: hashes }),
  modelMigrationSchema: migrations,
  modelMigrationFilterSchema: fc.record(
    {
      model_name: names,
      status: fc.constantFrom(...migrationStatuses),
      cursor: instants,
      limit: fc.integer({ min: 1, max: 200 }),
    },
    { requiredKeys: [] },
  ),
  modelMigrationPageSchema: fc.record({ rows: list(migrations), next_cursor: fc.option(names) }),
};
