import fc from "fast-check";
import type { ModelIndex, Relationship, RlsPolicies, RlsPolicy, ValidationRule } from "../data-model/parts.ts";
import type { DataModelCreate } from "../data-model.ts";
import { texts, versions } from "./arbitraries.ts";

const names = fc.stringMatching(/^[a-z]{3}_[a-z0-9]{0,10}$/);
const columns = fc.uniqueArray(names, { minLength: 1, maxLength: 4 });
/** Not blank, and short enough for every name. */
export const words = texts.filter((text) => text.trim() !== "" && text.length <= 60);
const onDelete = fc.constantFrom<Relationship["on_delete"][]>("cascade", "set null", "restrict", "no action");

/** The parts of a model, each by itself. */
export const relationships: fc.Arbitrary<Relationship> = fc
  .record({ name: names, model: names, on_delete: onDelete, columns, through: names, target_columns: columns })
  .chain(({ through, target_columns, ...relation }) =>
    fc.constantFrom<Relationship[]>(
      { ...relation, kind: "many-to-one" },
      { ...relation, kind: "one-to-many" },
      { ...relation, kind: "many-to-many", through, target_columns },
    ),
  );

export const rules: fc.Arbitrary<ValidationRule> = fc.record(
  { name: names, expression: words, message: words, fields: columns },
  { requiredKeys: ["name", "expression", "message"] },
);

export const indexes: fc.Arbitrary<ModelIndex> = fc
  .record({ name: names, columns, method: fc.constantFrom<ModelIndex["method"][]>("btree", "gin", "gist", "brin") })
  .map((index) => ({ ...index, unique: index.method === "btree" }));

export const policies: fc.Arbitrary<RlsPolicy> = fc.record({
  name: words,
  command: fc.constantFrom<RlsPolicy["command"][]>("all", "update"),
  roles: fc.constantFrom<RlsPolicy["roles"][]>(["authenticated"], ["anon", "service_role"]),
  using: words,
  check: words,
});

const property = fc.constantFrom({}, { type: "string" }, { type: ["integer", "null"], "x-pg": "bigint" });

/** Whole definitions, in which every part names columns that are there. */
export const definitions: fc.Arbitrary<DataModelCreate> = fc
  .record({
    model_name: fc.stringMatching(/^[A-Z][a-z0-9]{0,20}$/),
    table_name: names,
    schema_version: versions,
    columns,
    properties: fc.infiniteStream(property),
    relationship: relationships,
    rule: rules,
    index: indexes,
    rls_policies: fc.oneof(
      fc.constantFrom<(RlsPolicies | null)[]>(null, { preset: "public-read" }),
      fc.array(policies, { maxLength: 1 }),
    ),
  })
  .map(({ columns, properties, relationship, rule, index, ...model }) => ({
    ...model,
    fields: {
      type: "object",
      required: columns.slice(0, 1),
      "x-primary-key": columns.slice(0, 1),
      properties: Object.fromEntries(columns.map((column) => [column, properties.next().value ?? {}])),
    },
    relationships: [{ ...relationship, columns }],
    validation_rules: [{ ...rule, fields: columns }],
    indexes: [{ ...index, columns }],
  }));
