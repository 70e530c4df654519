export { driftOf, type DriftOptions } from "./drift.ts";
export { importTables, type ImportedTable, type ImportOptions } from "./import-tables.ts";
export { liveSchemaOf, tablesThere, type LiveSchema, type LiveSchemaOptions } from "./live-schema.ts";
