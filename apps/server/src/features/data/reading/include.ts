import type { DataInclude, ErrorIssue, Relationship } from "@waybill/contracts";
import { ApiError } from "../../../trpc/api-error.ts";
import type { ModelLookup, ReadyModel } from "../../models/model-lookup.ts";
import type { ForeignKey, ForeignKeysOf } from "./foreign-keys.ts";
import type { Included } from "./include-query.ts";
import { listFaults } from "./list.ts";
import { refuse } from "../refuse.ts";

type Includes = Readonly<Record<string, DataInclude>>;

/** Of each row's related ones, where nothing is said. */
const defaultLimit = 20;
/** Rows of all levels that one answer may have to hold. */
const rowLimit = 20_000;
/** Relationships in one call. */
const relationshipLimit = 10;

/**
 * What comes along with rows of a model, looked up in models and database, and judged whole before anything is read.
 *
 * @param rows how many of the model itself are asked for
 */
export function createIncludes(lookup: ModelLookup, keysOf: ForeignKeysOf) {
  return async (ready: ReadyModel, include: Includes | undefined, rows: number): Promise<readonly Included[]> => {
    if (include === undefined) return [];
    if (sizeOf(include) > relationshipLimit) {
      const message = `must name at most ${relationshipLimit} relationships in all`;
      refuse([{ field: "include", rule: "too_many", message }]);
    }
    const resolver = new Resolver(lookup, keysOf);
    const included = await resolver.all(ready, include, "include");
    refuse(resolver.issues);
    const most = rows * (1 + rowsOf(included));
    if (most > rowLimit) {
      const message = `must stay within ${rowLimit} rows, and could bring ${most}; lower limit here or of the list`;
      refuse([{ field: "include", rule: "too_many", message }]);
    }
    return included;
  };
}

function sizeOf(include: Includes): number {
  return Object.values(include).reduce((sum, part) => sum + 1 + sizeOf(part.include ?? {}), 0);
}

function rowsOf(included: readonly Included[]): number {
  return included.reduce((sum, { limit, within }) => sum + limit * (1 + rowsOf(within)), 0);
}

class Resolver {
  readonly issues: ErrorIssue[] = [];
  readonly #lookup: ModelLookup;
  readonly #keysOf: ForeignKeysOf;

  constructor(lookup: ModelLookup, keysOf: ForeignKeysOf) {
    this.#lookup = lookup;
    this.#keysOf = keysOf;
  }

  async all(ready: ReadyModel, include: Includes, at: string): Promise<Included[]> {
    const found: Included[] = [];
    for (const [name, part] of Object.entries(include)) {
      const one = await this.#one(ready, name, part, `${at}.${name}`);
      if (one !== null) found.push(one);
    }
    return found;
  }

  async #one(own: ReadyModel, name: string, part: DataInclude, at: string): Promise<Included | null> {
    const relation = own.model.relationships?.find((one) => one.name === name);
    if (relation === undefined) {
      const names = own.model.relationships?.map((one) => one.name).join(", ") ?? "";
      const message = `must be a relationship of ${own.model.model_name}: ${names === "" ? "it has none" : names}`;
      return this.#refuse(at, "relationship", message);
    }
    if (own.columns.includes(name)) {
      return this.#refuse(at, "relationship", `must not be the name of a column: rename the relationship ${name}`);
    }
    const target = await this.#model(relation.model, at);
    const { include, ...rest } = part;
    this.issues.push(...listFaults(target, rest).map((issue) => ({ ...issue, field: `${at}.${issue.field}` })));
    const isMany = relation.kind !== "many-to-one";
    if (!isMany && (part.order !== undefined || part.limit !== undefined)) {
      const field = `${at}.${part.order === undefined ? "limit" : "order"}`;
      return this.#refuse(field, "relationship", "must not be given: there is one such row at the most");
    }
    const keys = await this.#keys(own, target, relation, at);
    if (keys === null) return null;
    const within = await this.all(target, include ?? {}, `${at}.include`);
    return { name, ready: target, ...keys, isMany, limit: isMany ? (part.limit ?? defaultLimit) : 1, part, within };
  }

  async #model(name: string, at: string): Promise<ReadyModel> {
    try {
      return await this.#lookup.active(name);
    } catch (error) {
      if (!(error instanceof ApiError) || error.issues === undefined) throw error;
      const { waybillCode: code, message, hint, issues, cause } = error;
      throw new ApiError({ code, message, hint, issues: issues.map((issue) => ({ ...issue, field: at })), cause });
    }
  }

  async #keys(own: ReadyModel, target: ReadyModel, relation: Relationship, at: string) {
    if (relation.kind === "many-to-many") {
      const middle = await this.#model(relation.through, at);
      const inward = await this.#key(middle, relation.columns, own, own.primaryKey, at);
      const outward = await this.#key(middle, relation.target_columns, target, target.primaryKey, at);
      if (inward === null || outward === null) return null;
      return { key: outward, through: { table: middle.model.table_name, key: inward } };
    }
    if (own.model.table_name === target.model.table_name) {
      const message =
        "must not lead to its own model: the Data API cannot tell the two ends apart; list the model again";
      return this.#refuse(at, "relationship", message);
    }
    const key =
      relation.kind === "many-to-one"
        ? await this.#key(own, relation.columns, target, relation.references ?? target.primaryKey, at)
        : await this.#key(target, relation.columns, own, own.primaryKey, at);
    return key === null ? null : { key, through: null };
  }

  async #key(
    { model: from }: ReadyModel,
    columns: readonly string[],
    { model: to }: ReadyModel,
    references: readonly string[],
    at: string,
  ): Promise<string | null> {
    const wanted = pairs(columns, references);
    const fits = (key: ForeignKey): boolean =>
      key.from_table === from.table_name &&
      key.to_table === to.table_name &&
      pairs(key.from_columns, key.to_columns) === wanted &&
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(key.name);
    const found = (await this.#keysOf(from.table_name)).find(fits);
    if (found !== undefined) return found.name;
    const ends = `${from.table_name} (${columns.join(", ")}) to ${to.table_name} (${references.join(", ")})`;
    const message = `must have a foreign key in the database, from ${ends}: the Data API embeds by it; add it by a migration`;
    return this.#refuse(at, "foreign_key", message);
  }

  #refuse(field: string, rule: string, message: string): null {
    this.issues.push({ field, rule, message });
    return null;
  }
}

/** Which column refers to which, in an order of its own. */
function pairs(columns: readonly string[], references: readonly string[]): string {
  return columns
    .map((column, index) => `${column}=${references[index] ?? ""}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join(",");
}
