import type { DataModelCreate, DataModelOutput, ErrorIssue } from "@waybill/contracts";
import { tryModel } from "@waybill/db";
import { ApiError } from "../../../trpc/api-error.ts";
import { definitionOf } from "../definition-change.ts";
import { ofModel } from "./schema-sides.ts";
import type { ScratchPool } from "./scratch-pool.ts";

/** As long as planning and proving may take. */
const deadlineMs = 60_000;

/**
 * Tries each model by itself, since Postgres names no part of a model when it refuses the script of several. Answers what
 * is most likely not meant.
 *
 * @param author as whom rows are tried
 * @throws ApiError VALIDATION_FAILED
 */
export async function tryModels(
  pool: ScratchPool,
  wanted: readonly DataModelOutput[],
  others: readonly DataModelCreate[],
  author: string,
): Promise<ErrorIssue[]> {
  const issues: ErrorIssue[] = [];
  const warnings: ErrorIssue[] = [];
  for (const model of wanted) {
    const trial = await pool.use((scratch) =>
      tryModel({ scratch, model: definitionOf(model), others, author, deadlineMs }),
    );
    issues.push(...trial.issues.map((issue) => ofModel(model.model_name, issue)));
    warnings.push(...trial.warnings.map((issue) => ofModel(model.model_name, issue)));
  }
  const [first] = issues;
  if (first === undefined) return warnings;
  throw new ApiError({ code: "VALIDATION_FAILED", message: `${first.field} ${first.message}`, issues });
}
