/** Why a local stack could not start, or stopped by itself. */
export const localSupabaseErrorCodes = [
  "BAD_OPTIONS",
  "DATA_DIR_IN_USE",
  "DATA_DIR_UNUSABLE",
  "PORT_IN_USE",
  "PROJECT_INVALID",
  "MIGRATION_FAILED",
  "SEED_FAILED",
  "ENGINE_FAILED",
  "START_TIMEOUT",
  "STACK_CRASHED",
] as const;
export type LocalSupabaseErrorCode = (typeof localSupabaseErrorCodes)[number];

/** Every failure of this package: a stable code, and a sentence that says what happened and what to do. */
export class LocalSupabaseError extends Error {
  readonly code: LocalSupabaseErrorCode;

  constructor(code: LocalSupabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LocalSupabaseError";
    this.code = code;
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return fileSystemMessageOf(thrown) ?? String(thrown);
}

/** What PGlite's file system throws is no Error and has no message, but a number of WASI's `errno`. */
function fileSystemMessageOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("errno" in thrown)) return undefined;
  if (thrown.errno === 51) return "The disk is full. Free some space, or choose another data directory.";
  return `The database's files cannot be used (error ${String(thrown.errno)} of WASI). Check the data directory's disk and rights.`;
}

/** The `code` of a Node or Postgres error, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
