import type { DataModelOutput } from "@waybill/contracts";
import { definitionOf } from "./definition-change.ts";

/** TypeScript that declares these models by `defineModel`, one constant a model: `booksModel`. */
export function modelSource(models: readonly DataModelOutput[]): string {
  const constants = models.map(
    (model) =>
      `export const ${model.model_name}Model = defineModel(${JSON.stringify(definitionOf(model), null, 2)});\n`,
  );
  return [
    `import { defineModel } from "@waybill/contracts";\n`,
    "// Written by gen:models from the registry; not by hand.",
    ...constants,
  ].join("\n");
}
