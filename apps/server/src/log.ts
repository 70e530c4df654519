import { pino, type DestinationStream, type Logger } from "pino";
import type { Log } from "@waybill/db";
import type { ServerEnv } from "./env.ts";

/** Fields that a careless line could carry a secret in; pino blots them out at any of the first three depths. */
const secretNames = [
  "access_token",
  "refresh_token",
  "session_token",
  "password",
  "authorization",
  "apikey",
  "supabase_key",
];
const paths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** The server's log: JSON lines to `destination`, by default standard output. */
export function createLogger(level: ServerEnv["logLevel"], destination?: DestinationStream): Logger {
  const options = { level, base: null, redact: { paths, censor: "[redacted]" } };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** The same log in the form that `@waybill/db` writes to. */
export function packageLog(logger: Logger): Log {
  return (level, message, fields) => logger[level](fields ?? {}, message);
}
