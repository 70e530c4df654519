import { start } from "@waybill/local-supabase";
import { inject } from "vitest";
import { noteSaid, noteSecret } from "./evidence.ts";
import { readTables } from "./read-tables.ts";
import type { StageOptions } from "./stage.ts";

export type Stack = NonNullable<StageOptions["stack"]> & { readonly dbUrl: string };

/** The stack that all tests share, or one of its own with native PostgreSQL. */
export async function stackOn(engine: "pglite" | "native", opened: AsyncDisposableStack): Promise<Stack> {
  if (engine === "pglite") return inject("stack");
  const stack = await start({ engine });
  opened.defer(() => stack.stop());
  // what it holds in the end is searched for secrets with all the rest
  opened.defer(() => noteTables(stack.dbUrl));
  return stack;
}

async function noteTables(dbUrl: string): Promise<void> {
  const { tables, refreshTokens } = await readTables(dbUrl);
  for (const { where, text } of tables) noteSaid(`native ${where}`, text);
  for (const token of refreshTokens) noteSecret("a refresh token", token);
}
