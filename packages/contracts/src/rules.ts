export { checkRules, type RuledDefinition } from "./rules/check-rules.ts";
export { compileModel, createModelCompiler } from "./rules/compile-model.ts";
export type { ModelValidator } from "./rules/model-validator.ts";
export { sampleRows } from "./rules/sample-rows.ts";
