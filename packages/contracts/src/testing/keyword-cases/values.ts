import { cases, type KeywordCase, largest } from "./case.ts";

export const lists: readonly KeywordCase[] = [
  ...cases(
    "enum",
    { type: "string", enum: ["a", "B", "", "é", "it's", "a\\b", "🛫", "null"] },
    {
      valid: ["a", "B", "", "é", "it's", "a\\b", "🛫", "null", null],
      invalid: ["A", "b", " a", "a ", "e\u0301", "its", "a\\\\b", "🛬", "NULL"],
    },
  ),
  ...cases("enum", { enum: ["x", "y"] }, { valid: ["x"], invalid: ["z", 1, true] }),
  ...cases("enum", { type: ["string", "null"], enum: ["x", null] }, { valid: ["x", null], invalid: ["y", ""] }),
  ...cases(
    "enum",
    { type: "integer", enum: [1, -2, 9_007_199_254_740_991, "3"] },
    {
      valid: [1, -2, largest],
      invalid: [0, 2, 3, "3", 1.5],
    },
  ),
  ...cases(
    "enum",
    { type: "number", enum: [0.1, 1e21, -2.5] },
    {
      valid: [0.1, 1e21, -2.5],
      invalid: [0.10000000000000002, 0, 2.5, "0.1"],
    },
  ),
  ...cases("enum", { type: "boolean", enum: [true] }, { valid: [true], invalid: [false, "true", 1] }),
  ...cases(
    "enum",
    { type: "object", enum: [{ a: 1, b: [2] }] },
    {
      valid: [{ b: [2], a: 1 }],
      invalid: [{}, { a: 1 }, { a: 1, b: [2, 2] }, { a: "1", b: [2] }],
    },
  ),
  ...cases(
    "enum",
    { type: "string", format: "date", enum: ["2026-01-01", "no date"] },
    {
      valid: ["2026-01-01"],
      invalid: ["2026-01-02", "no date", "01/01/2026"],
    },
  ),
  ...cases("enum", { type: "string", maxLength: 2, enum: ["ab", "abc"] }, { valid: ["ab"], invalid: ["abc", "a"] }),
  ...cases(
    "enum",
    { type: "array", "x-pg": "json", enum: [[1, { a: 2 }], []] },
    {
      valid: [[], [1.0, { a: 2 }]],
      invalid: [[1], [{ a: 2 }, 1], {}],
    },
  ),
  ...cases("const", { type: "string", const: "a'b" }, { valid: ["a'b", null], invalid: ["a''b", "A'B", "", 1] }),
  ...cases("const", { const: 7 }, { valid: [7, 7.0], invalid: [8, 7.5, "7"] }),
  ...cases("const", { type: "number", const: 0.1 }, { valid: [0.1], invalid: [0.10000000000000002, "0.1"] }),
  ...cases("const", { type: "boolean", const: false }, { valid: [false], invalid: [true, 0, "false"] }),
  ...cases(
    "const",
    { type: "array", const: [1, { a: null }] },
    {
      valid: [[1, { a: null }]],
      invalid: [[{ a: null }, 1], [1], [1, { a: 0 }]],
    },
  ),
];

export const limits: readonly KeywordCase[] = [
  ...cases("minimum", { type: "integer", minimum: 3 }, { valid: [3, 4, largest, null], invalid: [2, 0, -3] }),
  ...cases("minimum", { type: "integer", minimum: 2.5 }, { valid: [3], invalid: [2] }),
  ...cases("minimum", { type: "integer", minimum: -1e300 }, { valid: [-largest], invalid: [-largest - 1] }),
  ...cases(
    "minimum",
    { type: "number", minimum: 0.1 },
    {
      valid: [0.1, 0.10000000000000002, 1e308],
      invalid: [0.09999999999999999, 0, -0.1, "0.2"],
    },
  ),
  ...cases("minimum", { type: "number", minimum: 0 }, { valid: [0, -0, 5e-324], invalid: [-5e-324] }),
  ...cases("minimum", { type: "number", "x-pg": "real", minimum: 0.1 }, { valid: [0.1, 0.25], invalid: [0, 0.0625] }),
  ...cases("maximum", { type: "integer", maximum: 10 }, { valid: [10, -largest], invalid: [11, 1e9] }),
  ...cases("maximum", { type: "integer", minimum: 0, maximum: 100 }, { valid: [0, 100], invalid: [-1, 101, 50.5] }),
  ...cases("maximum", { type: "integer", maximum: 1e30 }, { valid: [largest], invalid: [1e29, 1e31] }),
  ...cases("maximum", { type: "number", maximum: 0.3 }, { valid: [0.3, -1e308], invalid: [0.30000000000000004, 1] }),
  ...cases("maximum", { type: "number", "x-pg": "real", maximum: 0.1 }, { valid: [0.1, -1], invalid: [0.125] }),
  ...cases(
    "maximum",
    { type: "number", "x-pg": "numeric(10,2)", maximum: 9.99 },
    {
      valid: [9.99, 9],
      invalid: [10, 9.995],
    },
  ),
  ...cases("exclusiveMinimum", { type: "integer", exclusiveMinimum: 3 }, { valid: [4], invalid: [3, 2] }),
  ...cases("exclusiveMinimum", { type: "number", exclusiveMinimum: 0 }, { valid: [5e-324], invalid: [0, -0, -1] }),
  ...cases("exclusiveMaximum", { type: "integer", exclusiveMaximum: 3 }, { valid: [2], invalid: [3, 4] }),
  ...cases(
    "exclusiveMaximum",
    { type: "number", exclusiveMaximum: 0.3 },
    {
      valid: [0.29999999999999993],
      invalid: [0.3, 0.30000000000000004],
    },
  ),
  ...cases(
    "multipleOf",
    { type: "integer", multipleOf: 3 },
    {
      valid: [0, 3, -3, 9_007_199_254_740_990],
      invalid: [1, -1, 4, largest],
    },
  ),
];
