import { start } from "@waybill/local-supabase";
import { inject } from "vitest";
import type { StageOptions } from "./stage.ts";

export type Stack = NonNullable<StageOptions["stack"]> & { readonly dbUrl: string };

/** The stack that all tests share, or one of its own with native PostgreSQL. */
export async function stackOn(engine: "pglite" | "native", opened: AsyncDisposableStack): Promise<Stack> {
  if (engine === "pglite") return inject("stack");
  const stack = await start({ engine });
  opened.defer(() => stack.stop());
  return stack;
}
