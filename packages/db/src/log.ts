/** Where messages go: a level, a sentence, and plain fields. Never given a secret or a body. */
export type Log = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Record<string, string | number | boolean>,
) => void;

/** For who asked for no messages. */
export const silentLog: Log = () => {};
