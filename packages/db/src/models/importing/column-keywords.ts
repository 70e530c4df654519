import type { JsonValue } from "@waybill/contracts";
import { isDeepStrictEqual } from "node:util";
import type { Finding, Limit } from "./imported-checks.ts";

/** What the CHECKs of a table say of one column, as keywords of its schema. */
export type ColumnKeywords = { readonly [limit in Limit]?: number } & {
  readonly pattern?: string;
  readonly enum?: readonly JsonValue[];
  readonly const?: JsonValue;
  /** JSON types. */
  readonly types?: readonly string[];
  readonly whole?: boolean;
};

/** The columns' keywords with more findings in them; null where two rules are not one keyword. */
export function merged(
  known: ReadonlyMap<string, ColumnKeywords>,
  findings: readonly Finding[],
  isConst: (column: string) => boolean,
): ReadonlyMap<string, ColumnKeywords> | null {
  const result = new Map(known);
  for (const finding of findings) {
    const { column } = finding;
    const next = withFinding(result.get(column) ?? {}, finding, isConst(column));
    if (next === null) return null;
    result.set(column, next);
  }
  return result;
}

function withFinding(old: ColumnKeywords, finding: Finding, isConst: boolean): ColumnKeywords | null {
  switch (finding.keyword) {
    case "implied":
      return old;
    case "whole":
      return { ...old, whole: true };
    case "types":
      return old.types === undefined ? { ...old, types: finding.value } : null;
    case "pattern":
      return old.pattern === undefined || old.pattern === finding.value ? { ...old, pattern: finding.value } : null;
    case "values":
      return withValues(old, finding.value, isConst);
    case "exclusiveMaximum":
    case "exclusiveMinimum":
    case "maxLength":
    case "maximum":
    case "minLength":
    case "minimum":
    case "multipleOf":
      break;
  }
  return withLimit(old, finding.keyword, finding.value);
}

function withValues(old: ColumnKeywords, values: readonly JsonValue[], isConst: boolean): ColumnKeywords | null {
  const [only, more] = values;
  if (isConst && only !== undefined && more === undefined && old.const === undefined) return { ...old, const: only };
  // the compiler refuses a value that is there twice
  const distinct = values.filter((value, at) => values.findIndex((other) => isDeepStrictEqual(other, value)) === at);
  return old.enum === undefined ? { ...old, enum: distinct } : null;
}

/** Of two limits the tighter one says both. */
function withLimit(old: ColumnKeywords, keyword: Limit, value: number): ColumnKeywords | null {
  const known = old[keyword];
  if (keyword === "multipleOf") return known === undefined || known === value ? { ...old, multipleOf: value } : null;
  const isLeast = keyword === "minimum" || keyword === "exclusiveMinimum" || keyword === "minLength";
  if (known === undefined) return { ...old, [keyword]: value };
  return { ...old, [keyword]: isLeast ? Math.max(known, value) : Math.min(known, value) };
}
