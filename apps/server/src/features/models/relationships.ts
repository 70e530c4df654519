import { columnsOf, type DataModelCreate, type ErrorIssue, primaryKeyOf, type Relationship } from "@waybill/contracts";

type Definition = Pick<DataModelCreate, "model_name" | "fields">;

/** The names of the models that a definition refers to, itself left out. */
export function modelsReferredTo(definition: DataModelCreate): string[] {
  const names = (definition.relationships ?? []).flatMap(namesIn);
  return [...new Set(names)].filter((name) => name !== definition.model_name);
}

/** The names of those models whose tables a definition's policies may read: a word too many ties them for nothing. */
export function modelsReadBy(definition: DataModelCreate, models: readonly DataModelCreate[]): string[] {
  const { rls_policies: policies, model_name: own } = definition;
  if (policies === null || "preset" in policies) return [];
  const words = new Set(policies.flatMap(({ using = "", check = "" }) => `${using} ${check}`.split(/[^\w$]+/)));
  return models.flatMap(({ model_name, table_name }) =>
    model_name !== own && words.has(table_name) ? [model_name] : [],
  );
}

function namesIn(relation: Relationship): string[] {
  return relation.kind === "many-to-many" ? [relation.model, relation.through] : [relation.model];
}

/** Columns of one model that must stand for as many columns of another. */
interface Claim {
  readonly field: string;
  readonly columns: readonly string[];
  readonly of: Definition;
  readonly standFor: readonly string[];
}

/** What is wrong with a definition's relationships, given the models they refer to: one issue for each place. */
export function relationshipFaults(definition: DataModelCreate, others: readonly Definition[]): ErrorIssue[] {
  const byName = new Map([...others, definition].map((model) => [model.model_name, model]));
  return (definition.relationships ?? []).flatMap((relation, index) => {
    const issue = (field: string, message: string): ErrorIssue => {
      return { field: `relationships.${index}.${field}`, rule: "relationship", message };
    };
    const target = byName.get(relation.model);
    if (target === undefined) return [issue("model", missing(relation.model))];
    const through = relation.kind === "many-to-many" ? byName.get(relation.through) : target;
    if (through === undefined)
      return namesIn(relation)
        .slice(1)
        .map((name) => issue("through", missing(name)));
    return claimsOf(relation, definition, target, through).flatMap((claim) =>
      faultsOf(claim).map((message) => issue(claim.field, message)),
    );
  });
}

function missing(name: string): string {
  return `must be a model: ${name} is none; create it first`;
}

function claimsOf(relation: Relationship, own: Definition, target: Definition, through: Definition): Claim[] {
  const ownKey = primaryKeyOf(own.fields);
  const targetKey = primaryKeyOf(target.fields);
  if (relation.kind === "one-to-many") {
    return [{ field: "columns", columns: relation.columns, of: target, standFor: ownKey }];
  }
  if (relation.kind === "many-to-many") {
    return [
      { field: "columns", columns: relation.columns, of: through, standFor: ownKey },
      { field: "target_columns", columns: relation.target_columns, of: through, standFor: targetKey },
    ];
  }
  const { columns, references = targetKey } = relation;
  return [
    { field: "columns", columns, of: own, standFor: references },
    { field: "references", columns: references, of: target, standFor: references },
  ];
}

function faultsOf({ columns, of, standFor }: Claim): string[] {
  const known = columnsOf(of.fields);
  const unknown = columns.filter((column) => !known.includes(column));
  const faults = unknown.map((column) => `must be columns of ${of.model_name}: ${column} is none`);
  if (columns.length === standFor.length) return faults;
  return [...faults, `must name ${standFor.length} columns, as many as ${standFor.join(", ")}`];
}
