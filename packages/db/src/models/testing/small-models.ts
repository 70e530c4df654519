import {
  type DataModelCreate,
  dataModelCreateSchema,
  type JsonObject,
  quoteIdentifier,
  type Relationship,
} from "@waybill/contracts";
import fc from "fast-check";
import { keyColumns, type SmallColumn, smallColumns } from "./small-columns.ts";

const names = ["name", "Name", "at", "year", "value", "position", "count", "row_no", `l${"o".repeat(60)}ng`] as const;

const onDelete = fc.constantFrom<Relationship["on_delete"][]>("cascade", "set null", "restrict", "no action");

/** How a model refers to one before it: said by itself, by the other, by both, or by neither. */
const reference = fc.record({
  said: fc.constantFrom("own" as const, "other" as const, "both" as const, "neither" as const),
  required: fc.boolean(),
  onDelete,
});

const policies = fc.constantFrom(
  "none" as const,
  "empty" as const,
  "own-rows" as const,
  "tenant" as const,
  "list" as const,
);

const part = fc.record({
  key: fc.array(keyColumns, { minLength: 1, maxLength: 2 }),
  columns: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), smallColumns), {
    maxLength: 5,
    selector: ([name]) => name.toLowerCase() + name,
  }),
  required: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  takesNull: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  reference,
  refersToItself: fc.boolean(),
  policies,
  indexes: fc.array(fc.record({ at: fc.nat(9), unique: fc.boolean(), where: fc.boolean() }), { maxLength: 3 }),
});
type Part = typeof part extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * One to three models that compile together, each but the first perhaps referring to the one before it, and
 * each perhaps to itself. `prefix` begins
 * the names of models and tables, so that runs can share a database.
 */
export function smallModels(prefix: string): fc.Arbitrary<readonly DataModelCreate[]> {
  return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => {
    const models: Draft[] = [];
    for (const [index, one] of parts.entries()) models.push(draft(`${prefix}_${index}`, one, models.at(-1)));
    return models.map(({ model }) => dataModelCreateSchema.parse(model));
  });
}

interface Draft {
  readonly key: Readonly<Record<string, JsonObject>>;
  readonly model: {
    readonly model_name: string;
    readonly relationships: object[];
    readonly [part: string]: unknown;
  };
}

function draft(name: string, one: Part, before: Draft | undefined): Draft {
  const key = Object.fromEntries(one.key.map(({ schema }, index) => [`k${index}`, schema]));
  const own = one.columns.map(([column, { schema }], index): [string, JsonObject] => {
    const isOptional = one.required[index] !== true;
    return [column, isOptional && one.takesNull[index] === true ? orNull(schema) : schema];
  });
  const isAlone = before === undefined || one.reference.said === "neither";
  const refers = isAlone ? {} : copied("to", before.key, one.reference.required);
  const up = one.refersToItself ? copied("up", key, false) : {};
  const user =
    one.policies === "own-rows" ? { user_id: { type: "string", format: "uuid", "x-default": "auth.uid()" } } : {};
  const tenant = one.policies === "tenant" ? { tenant_id: { type: "string" } } : {};
  const required = [
    ...Object.keys(key),
    ...one.columns.flatMap(([column], index) => (one.required[index] === true ? [column] : [])),
    ...(one.reference.required ? Object.keys(refers) : []),
  ];
  const parents = before === undefined ? [] : relate(name, before, one, Object.keys(refers));
  const self = { name: "up", kind: "many-to-one", model: name, columns: Object.keys(up), on_delete: "set null" };
  return {
    key,
    model: {
      model_name: name,
      table_name: name,
      schema_version: "1.0.0",
      fields: {
        type: "object",
        "x-primary-key": Object.keys(key),
        required,
        properties: { ...key, ...Object.fromEntries(own), ...refers, ...up, ...user, ...tenant },
      },
      relationships: one.refersToItself ? [...parents, self] : parents,
      indexes: indexesOf(one),
      rls_policies: policiesOf(one),
    },
  };
}

function orNull({ type, enum: listed, ...schema }: JsonObject): JsonObject {
  return {
    ...schema,
    ...(typeof type === "string" ? { type: [type, "null"] } : {}),
    ...(Array.isArray(listed) ? { enum: [...listed, null] } : {}),
  };
}

/** Columns to refer to a key with. */
function copied(prefix: string, key: Draft["key"], required: boolean): Draft["key"] {
  const columns = Object.entries(key).map(([column, schema]): [string, JsonObject] => {
    const { default: _default, "x-default": _filled, ...same } = schema;
    return [`${prefix}_${column}`, required ? same : orNull(same)];
  });
  return Object.fromEntries(columns);
}

function relate(name: string, before: Draft, one: Part, columns: string[]): object[] {
  const { said, required, onDelete } = one.reference;
  if (columns.length === 0) return [];
  const on_delete = required && onDelete === "set null" ? "cascade" : onDelete;
  if (said !== "own") {
    before.model.relationships.push({ name: "followers", kind: "one-to-many", model: name, columns, on_delete });
  }
  const parent = { name: "parent", kind: "many-to-one", model: before.model.model_name, columns, on_delete };
  return said === "other" ? [] : [parent];
}

function indexesOf(one: Part): object[] {
  const columns: [string, SmallColumn][] = [
    ...one.key.map((column, index): [string, SmallColumn] => [`k${index}`, column]),
    ...one.columns,
  ];
  return one.indexes.map(({ at, unique, where }, index) => {
    const [column, kind] = columns[at % columns.length] ?? ["k0", { isPlain: true }];
    const method = kind.isPlain || unique ? "btree" : "hash";
    const condition = where ? { where: `${quoteIdentifier(column)} is not null and k0 = k0` } : {};
    const named = index === 0 ? {} : { columns: [...new Set([column, "k0"])], method: "btree" };
    return { columns: [column], unique, method, ...condition, ...named };
  });
}

function policiesOf(one: Part): unknown {
  if (one.policies === "none") return null;
  if (one.policies === "empty") return [];
  if (one.policies !== "list") return { preset: one.policies };
  return [
    { name: 'read "all"', command: "select", roles: ["authenticated", "anon"], using: "k0 is not null -- everybody" },
    { name: "write", command: "insert", roles: ["authenticated"], check: "(select auth.uid()) is not null" },
    { name: "rest", command: "all", roles: ["service_role"], using: "true" },
  ];
}
