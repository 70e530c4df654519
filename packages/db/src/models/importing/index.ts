export { driftOf, type DriftOptions } from "./drift.ts";
export { liveSchemaOf, type LiveSchema, type LiveSchemaOptions } from "./live-schema.ts";
