import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { Database } from "../database.types.ts";
import { rowsOf } from "./answer.ts";

/** What tells that a model has changed, without reading it. */
export interface ModelMarks {
  /**
   * A mark of each of these models that is there, active or not; every change of the row gives it another. Its calls leave
   * no record: they are asked every second. Rejects with a WaybillDbError, after 5 s at the latest.
   */
  marksOf(modelNames: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

const deadlineMs = 5_000;
const answerSchema = z.record(z.string(), z.string());

/** @param untracked a client of the secret key whose calls leave no record */
export function createModelMarks(untracked: SupabaseClient<Database>): ModelMarks {
  return {
    async marksOf(modelNames) {
      const asked = untracked.rpc("model_marks", { names: [...modelNames] });
      const answer = await asked.abortSignal(AbortSignal.timeout(deadlineMs));
      const [marks = {}] = rowsOf("Looking at the models", answerSchema, { ...answer, data: [answer.data] });
      return new Map(Object.entries(marks));
    },
  };
}
