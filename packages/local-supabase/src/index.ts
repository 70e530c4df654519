export { LocalSupabaseError, type LocalSupabaseErrorCode } from "./errors.ts";
export { start, type LocalSupabase, type StartOptions } from "./start.ts";
