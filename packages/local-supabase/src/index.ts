export { LocalSupabaseError, type LocalSupabaseErrorCode } from "./errors.ts";
export { scratchDatabase, type ScratchDatabase } from "./scratch-database.ts";
export { start, type LocalSupabase, type StartOptions } from "./start.ts";
