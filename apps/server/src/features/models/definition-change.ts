import { isDeepStrictEqual } from "node:util";
import { classifyChange, type Change, type DataModelCreate } from "@waybill/contracts";

const rank = { patch: 0, minor: 1, major: 2 } as const satisfies Record<Change, number>;

/**
 * What a change of a whole definition asks of its version (decisions.md: breaking ⇒ major, added ⇒ minor, else patch).
 * Breaking is what can refuse a row, a caller or a query that was right before.
 */
export function classifyDefinition(before: DataModelCreate, after: DataModelCreate): Change {
  const changes: Change[] = [
    classifyChange(before.fields, after.fields),
    before.table_name === after.table_name ? "patch" : "major",
    // a relationship more is an addition; one less, or another one, breaks who follows it
    classifyList(before.relationships, after.relationships, { added: "minor", gone: "major" }),
    // a rule more can refuse a row that was taken before
    classifyList(before.validation_rules, after.validation_rules, { added: "major", gone: "minor" }),
    classifyList(uniqueOf(before), uniqueOf(after), { added: "major", gone: "minor" }),
    isDeepStrictEqual(before.rls_policies, after.rls_policies) ? "patch" : "major",
  ];
  return changes.reduce((most, change) => (rank[change] > rank[most] ? change : most), "patch");
}

function classifyList(
  before: readonly unknown[] | null,
  after: readonly unknown[] | null,
  weight: { readonly added: Change; readonly gone: Change },
): Change {
  const [old, now] = [before ?? [], after ?? []];
  const among = (list: readonly unknown[], entry: unknown): boolean =>
    list.some((other) => isDeepStrictEqual(other, entry));
  const added: Change = now.every((entry) => among(old, entry)) ? "patch" : weight.added;
  const gone: Change = old.every((entry) => among(now, entry)) ? "patch" : weight.gone;
  return rank[added] > rank[gone] ? added : gone;
}

/** Of the indexes only unique ones decide about rows. */
function uniqueOf({ indexes }: DataModelCreate) {
  return (indexes ?? []).filter(({ unique }) => unique);
}

/** What declares the model, out of a row of it or of one of its versions. */
export function definitionOf(model: DataModelCreate): DataModelCreate {
  const { model_name, table_name, schema_version, fields, relationships, validation_rules, indexes, rls_policies } =
    model;
  return { model_name, table_name, schema_version, fields, relationships, validation_rules, indexes, rls_policies };
}
