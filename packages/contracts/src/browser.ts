export { createRowValidator } from "./browser/row-validator.ts";
export { type Soon, type SoonOptions, validateSoon } from "./browser/validate-soon.ts";
export type { ModelValidator } from "./rules/model-validator.ts";
