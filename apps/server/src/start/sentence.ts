import { LedgerError, WaybillDbError } from "@waybill/db";
import { LocalSupabaseError } from "@waybill/local-supabase";
import { EnvError } from "../env.ts";
import { ApiError } from "../trpc/api-error.ts";
import { ListenError } from "./listen.ts";

/** What to tell whoever started the program; null for an error that nobody foresaw, whose stack is needed. */
export function sentenceOf(error: unknown): string | null {
  if (error instanceof SuppressedError) return sentenceOf(error.suppressed);
  if (error instanceof EnvError || error instanceof ListenError || error instanceof LocalSupabaseError)
    return error.message;
  const hinted = error instanceof WaybillDbError || error instanceof LedgerError || error instanceof ApiError;
  return hinted ? `${error.message} ${error.hint}` : null;
}
