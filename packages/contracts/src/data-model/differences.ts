import { canonicalJson } from "../primitives.ts";
import type { DataModelCreate } from "../data-model.ts";

/** One thing that is otherwise in another version of a model, for a person to read. */
export interface ModelDifference {
  /** Where: `fields.properties.title.maxLength`, `indexes.by_title`. */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  /** `column title: maxLength was 10, is 20` */
  readonly text: string;
}

/** Longer values are cut: the versions themselves have them whole. */
const shownLength = 80;

/** What is otherwise in `after`, in the order of its parts; nothing for two that mean the same. */
export function modelDifferences(before: DataModelCreate, after: DataModelCreate): ModelDifference[] {
  const { properties: columnsBefore, ...rootBefore } = before.fields;
  const { properties: columnsAfter, ...rootAfter } = after.fields;
  return [
    ...keywordDifferences("", "table", { name: before.table_name }, { name: after.table_name }),
    ...namedDifferences("fields.properties", "column", columnsBefore, columnsAfter),
    ...keywordDifferences("fields", "row", rootBefore, rootAfter),
    ...listDifferences("relationships", "relationship", before.relationships, after.relationships),
    ...listDifferences("validation_rules", "rule", before.validation_rules, after.validation_rules),
    ...listDifferences("indexes", "index", before.indexes, after.indexes),
    ...policyDifferences(before, after),
  ];
}

function policyDifferences({ rls_policies: before }: DataModelCreate, { rls_policies: after }: DataModelCreate) {
  const preset = (policies: typeof before): string =>
    policies !== null && "preset" in policies ? policies.preset : "";
  const list = (policies: typeof before) => (policies === null || "preset" in policies ? null : policies);
  return [
    ...keywordDifferences("rls_policies", "policies", { preset: preset(before) }, { preset: preset(after) }),
    ...listDifferences("rls_policies", "policy", list(before), list(after)),
  ];
}

type Named = Readonly<Record<string, unknown>>;

/** Entries by their name, or where they have none by what they are. */
function listDifferences(path: string, what: string, before: readonly Named[] | null, after: readonly Named[] | null) {
  return namedDifferences(path, what, byName(before), byName(after));
}

function byName(entries: readonly Named[] | null): Record<string, Named> {
  const named: Record<string, Named> = {};
  for (const entry of entries ?? []) {
    const { name, columns } = entry;
    const short = typeof name === "string" ? name : `on ${String(columns)}`;
    // two without a name on the same columns
    named[Object.hasOwn(named, short) ? `${short} ${canonicalJson(entry)}` : short] = entry;
  }
  return named;
}

function namedDifferences(path: string, what: string, before: Named, after: Named): ModelDifference[] {
  return namesOf(before, after).flatMap((name): ModelDifference[] => {
    const at = `${path}.${name}`;
    const [old, now] = [before[name], after[name]];
    if (old === undefined) return [{ path: at, kind: "added", text: `${what} ${name} is new` }];
    if (now === undefined) return [{ path: at, kind: "removed", text: `${what} ${name} is gone` }];
    if (!isRecord(old) || !isRecord(now)) return [];
    return keywordDifferences(at, `${what} ${name}`, old, now);
  });
}

function keywordDifferences(path: string, what: string, before: Named, after: Named): ModelDifference[] {
  return namesOf(before, after).flatMap((keyword): ModelDifference[] => {
    const [old, now] = [before[keyword], after[keyword]];
    if (canonicalJson(old) === canonicalJson(now)) return [];
    const at = path === "" ? `${what}_${keyword}` : `${path}.${keyword}`;
    if (isAbsent(old)) return [{ path: at, kind: "added", text: `${what}: ${keyword} is ${shown(now)} now` }];
    if (isAbsent(now)) return [{ path: at, kind: "removed", text: `${what}: ${keyword} ${shown(old)} is gone` }];
    return [{ path: at, kind: "changed", text: `${what}: ${keyword} was ${shown(old)}, is ${shown(now)}` }];
  });
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === "";
}

function namesOf(before: Named, after: Named): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

function isRecord(value: unknown): value is Named {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : canonicalJson(value);
  return text.length <= shownLength ? text : `${text.slice(0, shownLength)}…`;
}
