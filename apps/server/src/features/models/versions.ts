import { type ModelDifference, modelDifferences, semverSchema } from "@waybill/contracts";
import type { ModelStore } from "@waybill/db";
import { z } from "zod";
import { classifyDefinition, definitionOf } from "./definition-change.ts";

export const diffSchema = z.object({
  from: semverSchema,
  to: semverSchema,
  /** What a step from the one to the other asks of the version. */
  change: z.enum(["patch", "minor", "major"]),
  differences: z.array(z.object({ path: z.string(), kind: z.enum(["added", "removed", "changed"]), text: z.string() })),
});

export interface ModelDiff {
  readonly from: string;
  readonly to: string;
  readonly change: z.output<typeof diffSchema>["change"];
  readonly differences: ModelDifference[];
}

/** What is otherwise in version `to`, by default the current one. Throws UNKNOWN_MODEL, NOT_FOUND. */
export async function diffOfVersions(
  store: ModelStore,
  modelName: string,
  from: string,
  to: string | undefined,
): Promise<ModelDiff> {
  const last = to ?? (await store.getByName(modelName)).schema_version;
  const [before, after] = await Promise.all([store.version(modelName, from), store.version(modelName, last)]);
  const [old, now] = [definitionOf(before), definitionOf(after)];
  return { from, to: last, change: classifyDefinition(old, now), differences: modelDifferences(old, now) };
}
