import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import type { SqlParameter } from "./engine.ts";
import { postgresSession } from "./postgres-session.ts";
import { start, type LocalSupabase } from "./start.ts";

/** A database to try SQL on and throw away. It has what a hosted project has before its first migration. */
export interface ScratchDatabase extends AsyncDisposable {
  /** Runs one or more statements as the superuser. */
  exec(sql: string): Promise<void>;
  /** Runs one statement with `$1` parameters as the superuser. */
  query(sql: string, parameters?: readonly SqlParameter[]): Promise<Record<string, unknown>[]>;
  /** Ends its process and removes its files. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a scratch database in a process of its own, in about two seconds. */
export async function scratchDatabase(options: { engine?: "pglite" | "native" } = {}): Promise<ScratchDatabase> {
  const project = await mkdtemp(join(tmpdir(), "waybill-no-project-"));
  let stack: LocalSupabase;
  try {
    stack = await start({ ...options, project, seed: false });
  } finally {
    await rm(project, { recursive: true, force: true });
  }
  const sql = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= sql.end({ timeout: 1 }).then(() => stack.stop()));
  return { ...postgresSession(sql), close, [Symbol.asyncDispose]: close };
}
