import { z } from "zod";
import { dataModelOutputSchema } from "./data-model.ts";
import { modelNameSchema } from "./primitives.ts";

/** Most models that one watch follows. */
export const watchedModelLimit = 50;

/** Which models are watched. */
export const modelWatchInputSchema = z.strictObject({
  models: z
    .array(modelNameSchema)
    .min(1, "must name a model")
    .max(watchedModelLimit, `must name ${watchedModelLimit} models at most`)
    .refine((names) => new Set(names).size === names.length, { error: "must name each model once" }),
});
export type ModelWatchInput = z.output<typeof modelWatchInputSchema>;

/** A model as it is in force now: null where there is none of this name, or none that the caller may see. */
export const modelNoticeSchema = z.object({ model_name: modelNameSchema, model: dataModelOutputSchema.nullable() });
export type ModelNotice = z.output<typeof modelNoticeSchema>;
