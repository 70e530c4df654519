import { cases, type KeywordCase, largest } from "./case.ts";

export const types: readonly KeywordCase[] = [
  ...cases(
    "type",
    { type: "string" },
    {
      valid: ["", " ", "a", "5", "true", "null", "'; drop table x; --", "é", "e\u0301", "🛫", "\u2028", "a\nb", null],
      invalid: [5, 1.5, true, false, ["a"], { a: 1 }, "a\u0000b", "\ud800", "x\udc00"],
    },
  ),
  ...cases("type", { type: ["string", "null"] }, { valid: ["a", null], invalid: [0, false, [], {}] }),
  ...cases(
    "type",
    { type: "string", "x-pg": "varchar(3)" },
    {
      valid: ["", "abc", "🛫🛬🛫"],
      invalid: ["abcd", "🛫🛬🛫🛬", "abc ", 12],
    },
  ),
  ...cases(
    "type",
    { type: "integer" },
    {
      valid: [0, -0, 1, -1, 1.0, 2_147_483_648, largest, -largest, null],
      invalid: [1.5, 0.1, largest + 1, -largest - 1, 2 ** 63, 1e20, -1e20, 1e308, "1", "", true, [1], {}],
    },
  ),
  ...cases(
    "type",
    { type: "integer", "x-pg": "integer" },
    {
      valid: [2_147_483_647, -2_147_483_648],
      invalid: [2_147_483_648, -2_147_483_649, 0.5],
    },
  ),
  ...cases(
    "type",
    { type: "integer", "x-pg": "smallint" },
    {
      valid: [32_767, -32_768],
      invalid: [32_768, -32_769, "7"],
    },
  ),
  ...cases("type", { type: "integer", "x-pg": "numeric" }, { valid: [1, 1e300, -3], invalid: [1.5, "NaN", "1"] }),
  ...cases(
    "type",
    { type: "number" },
    {
      valid: [0, 0.1, -0.1, 1e21, 1e-7, 1.7976931348623157e308, 5e-324, 0.30000000000000004, largest + 1, null],
      invalid: ["0.1", "NaN", "Infinity", "-Infinity", "inf", "", true, [0.1], {}],
    },
  ),
  ...cases(
    "type",
    { type: "number", "x-pg": "numeric(5,2)" },
    {
      valid: [999.99, -999.99, 0, 1.5],
      invalid: [1000, -1000, 999.995, "NaN", "1.5"],
    },
  ),
  ...cases(
    "type",
    { type: "boolean" },
    {
      valid: [true, false, null],
      invalid: [0, 1, "true", "false", "t", "yes", "on", "", [], {}],
    },
  ),
  ...cases(
    "type",
    { type: "object" },
    { valid: [{}, { a: [1, null, { b: "c" }] }, null], invalid: [[], "{}", 1, true] },
  ),
  ...cases("type", { type: "array" }, { valid: [[], [1, "a", null]], invalid: [{}, "[]", 0, false] }),
  ...cases("type", { type: "object", "x-pg": "json" }, { valid: [{ b: 1, a: [] }, null], invalid: [[], "{}", 1] }),
  ...cases("type", { type: ["object", "array"], "x-pg": "jsonb" }, { valid: [{}, []], invalid: ["", 1, true] }),
];

export const required: readonly KeywordCase[] = [
  { keyword: "required", schema: { type: "string" }, required: true, value: "", valid: true },
  { keyword: "required", schema: { type: "string" }, required: true, value: null, valid: false },
  { keyword: "required", schema: { type: "string" }, required: true, valid: false },
  { keyword: "required", schema: { type: "string" }, valid: true },
  { keyword: "required", schema: { type: "string" }, value: null, valid: true },
  { keyword: "required", schema: { type: "integer" }, required: true, value: 0, valid: true },
  { keyword: "required", schema: { type: "integer" }, required: true, valid: false },
  { keyword: "required", schema: { type: "boolean" }, required: true, value: false, valid: true },
  { keyword: "required", schema: { type: "boolean" }, required: true, value: null, valid: false },
  { keyword: "required", schema: { type: "object" }, required: true, value: {}, valid: true },
  { keyword: "required", schema: { type: "object" }, required: true, value: null, valid: false },
  { keyword: "required", schema: { type: "array" }, required: true, valid: false },
  { keyword: "required", schema: { type: "string", format: "uuid" }, required: true, valid: false },
  { keyword: "required", schema: { type: "string", format: "date-time" }, required: true, value: null, valid: false },
  { keyword: "required", schema: { type: "boolean", default: true }, required: true, value: false, valid: true },
  { keyword: "required", schema: { type: "boolean", default: true }, required: true, value: null, valid: false },
  { keyword: "required", schema: { enum: ["a"] }, required: true, value: null, valid: false },
];
