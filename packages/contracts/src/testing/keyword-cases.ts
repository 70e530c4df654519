import type { KeywordCase } from "./keyword-cases/case.ts";
import { formats } from "./keyword-cases/formats.ts";
import { lengths, patterns } from "./keyword-cases/text.ts";
import { required, types } from "./keyword-cases/types.ts";
import { limits, lists } from "./keyword-cases/values.ts";

export type { KeywordCase } from "./keyword-cases/case.ts";

/** The table of cases: every keyword that browser, server and database hold alike (docs/models.md). */
export const keywordCases: readonly KeywordCase[] = [
  ...types,
  ...required,
  ...lists,
  ...limits,
  ...lengths,
  ...patterns,
  ...formats,
];
