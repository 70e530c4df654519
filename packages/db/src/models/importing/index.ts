export { driftOf, type DriftOptions } from "./drift.ts";
export { importLimit, importTables, type ImportedTable, type ImportOptions } from "./import-tables.ts";
export { liveSchemaOf, type LiveSchema, type LiveSchemaOptions } from "./live-schema.ts";
