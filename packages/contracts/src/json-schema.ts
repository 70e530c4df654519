export { checkFields } from "./json-schema/check-fields.ts";
export {
  compileFields,
  createFieldsCompiler,
  type RowResult,
  type RowValidator,
} from "./json-schema/compile-fields.ts";
export { formatNames } from "./json-schema/formats.ts";
export { patternTextLimit } from "./json-schema/pattern.ts";
