export { checkFields } from "./json-schema/check-fields.ts";
export { compileFields, createFieldsCompiler } from "./json-schema/compile-fields.ts";
export { formatNames } from "./json-schema/formats.ts";
export { patternTextLimit } from "./json-schema/pattern.ts";
export type { RowResult, RowValidator } from "./json-schema/row-shape.ts";
