import type { SupabaseClient } from "@supabase/supabase-js";
import { ApiError } from "../../trpc/api-error.ts";
import type { ReadyModel } from "../models/model-lookup.ts";

/** A model's table as the caller reaches it. */
export interface Table {
  readonly ready: ReadyModel;
  readonly client: SupabaseClient;
}

export function notFound(model: string): ApiError {
  return new ApiError({ code: "NOT_FOUND", message: `${model} has no such row, or you may not see it` });
}

/** There for this caller, but to be read only. */
export function notYours(model: string): ApiError {
  return new ApiError({
    code: "RLS_DENIED",
    message: `A policy lets you read this row of ${model}, but not change it`,
  });
}
