import { REDACTED } from "./redaction.ts";
import type { Secrets } from "./redaction.ts";

/** The query of a request as it was meant: names with their values, in order. */
export type SearchParameters = readonly (readonly [name: string, value: string])[];

/** Parameters that name columns and hold no values of them. */
const WITHOUT_VALUES = new Set(["select", "order", "on_conflict", "columns", "limit", "offset"]);
const LOGIC = /(?:^|\.)(?:and|or)$/;

export function parseSearch(query: string): SearchParameters {
  if (query === "") return [];
  return query.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    return equals === -1
      ? ([decodePlus(pair), ""] as const)
      : ([decodePlus(pair.slice(0, equals)), decodePlus(pair.slice(equals + 1))] as const);
  });
}

/**
 * Filters on secret columns lose their values: `api_key=eq.x`, `users.api_key=…`, `data->>api_key=…`, a whole
 * `or=(…)` that names one, and a JSON value that holds one.
 */
export function redactSearch(
  search: SearchParameters,
  secrets: Secrets,
  found: (value: string) => void,
): SearchParameters {
  return search.map((parameter) => {
    const [name, value] = parameter;
    if (WITHOUT_VALUES.has(name)) return parameter;
    const hidden = LOGIC.test(name)
      ? secrets.all || value.split(/[(),.]/).some((part) => secrets.holds(part))
      : secrets.holds(name) || secrets.suspects(value);
    if (!hidden) return parameter;
    for (const piece of [value, ...value.split(/[(),]/)]) {
      const bare = withoutOperator(piece);
      found(bare);
      // each element of an array, too
      if (/[{}"]/.test(bare)) bare.split(/[{}"]/).forEach(found);
    }
    return [name, REDACTED];
  });
}

/**
 * The names under which a `select` brings secret columns back: `select=x:api_key` → x, `api_key.max()` → max.
 * Undefined where it renames none.
 */
export function secretAliases(search: SearchParameters, secrets: Secrets): ReadonlySet<string> | undefined {
  const select = search.find(([name]) => name === "select")?.[1];
  if (select === undefined || (!select.includes(":") && !select.includes(".") && !select.includes("->")))
    return undefined;
  const names = new Set<string>();
  for (const item of select.split(/[(),]/)) {
    const [, alias, column = ""] = /^\s*(?:"?([^:"]*)"?:(?!:))?(.*)$/s.exec(item) ?? [];
    const parts = column.split(/->>?|[.:!"']/).filter((part) => part !== "");
    if (!parts.some((part) => secrets.holds(part))) continue;
    for (const name of [alias, ...parts]) if (name !== undefined && name !== "") names.add(name.trim());
  }
  return names.size === 0 ? undefined : names;
}

/** Whether rows of other tables come along, so that `table.column` entries of any table count. */
export function embedsOthers(search: SearchParameters): boolean {
  return search.some(([name, value]) => name === "select" && value.includes("("));
}

/** `not.eq.x` → x; `api_key.eq.x` → x: what an error message may repeat. */
function withoutOperator(filter: string): string {
  const value =
    /(?:^|\.)(?:not\.)?(?:eq|neq|gte?|lte?|i?like|i?match|is|isdistinct|in|cs|cd|ov|fts|plfts|phfts|wfts)(?:\(\w+\))?\.(.*)$/s.exec(
      filter,
    )?.[1];
  return (value ?? filter).replaceAll(/^[("]+|(?<![)"])[)"]+$/g, "");
}

function decodePlus(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
