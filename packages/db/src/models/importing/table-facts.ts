import { isJsonObject, type JsonValue } from "@waybill/contracts";
import { knownObjects, type Fact, type FactEdge, type FactId, type Facts } from "../migrations/delta.ts";

/** What pg-delta has read of some tables, and nothing else of the database. */
export interface TableFacts {
  /** Those of the list that are there, and all that these refer to: names in `public`, sorted. */
  readonly tables: readonly string[];
  readonly facts: readonly Fact[];
  readonly edges: readonly FactEdge[];
}

/**
 * The facts of tables of `public`, with those of every table that their foreign keys and policies need and that is not
 * `given`. Left out is what no
 * catalog of ours tells of and no model says: storage parameters, replica identity, publications, comments
 * of constraints and the like. So no plan touches it.
 */
export function tableFacts(all: Facts, names: readonly string[], given: ReadonlySet<string> = new Set()): TableFacts {
  const tables = new Set<string>();
  const facts = new Map<string, Fact>();
  const edges: FactEdge[] = [];
  const open = [...names];
  for (const name of open) {
    const table = all.get({ kind: "table", schema: "public", name });
    if (tables.has(name) || table === undefined) continue;
    tables.add(name);
    for (const fact of belongingTo(all, table)) {
      const key = JSON.stringify(fact.id);
      if (facts.has(key) || isLeftOut(all, fact)) continue;
      facts.set(key, plain(fact));
      for (const edge of all.outgoingEdges(fact.id)) {
        edges.push(edge);
        const needed = tableOf(edge.to);
        if (needed?.schema === "public" && !given.has(needed.name)) open.push(needed.name);
      }
    }
  }
  return { tables: [...tables].sort(), facts: [...facts.values()], edges };
}

/** A state without some tables of `public` and all that hangs on them. */
export function withoutTables(all: Facts, names: ReadonlySet<string>): { facts: Fact[]; edges: FactEdge[] } {
  const gone = new Set<string>();
  for (const name of names) {
    const table = all.get({ kind: "table", schema: "public", name });
    const own = table === undefined ? [] : belongingTo(all, table);
    for (const { id } of own) gone.add(JSON.stringify(id));
  }
  const isLeft = (id: FactId): boolean => !gone.has(JSON.stringify(id));
  return {
    facts: all.facts().filter(({ id }) => isLeft(id)),
    edges: all.edges.filter(({ from }) => isLeft(from)),
  };
}

/** A table with all that hangs on it, and the sequences that its columns own. */
function belongingTo(all: Facts, table: Fact): Fact[] {
  const found = [table];
  for (const fact of found) {
    found.push(...all.childrenOf(fact.id));
    const sequences = all.outgoingEdges(fact.id).flatMap(({ to }) => (to.kind === "sequence" ? [all.get(to)] : []));
    for (const sequence of sequences) {
      if (sequence !== undefined && isOwnedBy(sequence, table.id)) found.push(sequence);
    }
  }
  return found;
}

function isOwnedBy(sequence: Fact, table: FactId): boolean {
  const owner = payloadOf(sequence, "ownedBy");
  return isJsonObject(owner) && "name" in table && owner["schema"] === "public" && owner["table"] === table.name;
}

function isLeftOut(all: Facts, { id }: Fact): boolean {
  if (id.kind === "comment") return id.target.kind !== "table" && id.target.kind !== "column";
  // privileges of the owner are the affair of who applies
  if (id.kind === "acl") return id.grantee === ownerOf(all, id.target);
  // the local stack's own way to hear of changes
  if (id.kind === "trigger") return all.outgoingEdges(id).some(({ to }) => "schema" in to && to.schema === "realtime");
  return false;
}

/** The role that owns an object. */
export function ownerOf(all: Facts, id: FactId): string | null {
  const owner = all.outgoingEdges(id).find(({ kind }) => kind === "owner")?.to;
  return owner?.kind === "role" ? owner.name : null;
}

function plain(fact: Fact): Fact {
  if (fact.id.kind !== "table" || !isPlainObject(fact.payload)) return fact;
  return {
    ...fact,
    payload: { ...fact.payload, reloptions: null, replicaIdentity: "d", replicaIdentityIndex: null },
  };
}

function isPlainObject(payload: Fact["payload"]): payload is Extract<Fact["payload"], Record<string, unknown>> {
  return typeof payload === "object" && payload !== null && !Array.isArray(payload);
}

function payloadOf(fact: Fact, key: string): JsonValue | undefined {
  const payload: JsonValue = JSON.parse(
    JSON.stringify(fact.payload, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  );
  return isJsonObject(payload) ? payload[key] : undefined;
}

function tableOf(id: FactId): { schema: string; name: string } | null {
  if (id.kind === "table") return id;
  return "table" in id && "name" in id ? { schema: id.schema, name: id.table } : null;
}

/** Why these tables cannot be made beside what is in `base`, or `base` not without what they replace: a line each. */
export function tableFaults(
  { facts, edges, tables }: TableFacts,
  base: Facts,
  edgesOfBase: readonly FactEdge[],
): string[] {
  const own = new Set(facts.map(({ id }) => JSON.stringify(id)));
  const isThere = (id: FactId): boolean => own.has(JSON.stringify(id)) || base.has(id);
  const faults = facts.flatMap((fact) => {
    const { id } = fact;
    const what = inWords(id);
    if (!knownObjects.has(id.kind)) return [`${what} is nothing that a model's table has`];
    if (id.kind === "table") {
      const isPart = ["partitionKey", "partitionBound", "parentTable"].some((key) => payloadOf(fact, key) != null);
      return isPart ? [`${what} is partitioned, a partition, or inherits from another table`] : [];
    }
    const roles = id.kind === "acl" ? [id.grantee] : id.kind === "policy" ? payloadOf(fact, "roles") : [];
    return rolesIn(roles)
      .filter((name) => name.toLowerCase() !== "public" && !base.has({ kind: "role", name }))
      .map((name) => `${what} names the role ${name}, which only this database has`);
  });
  const missing = [...edges, ...edgesOfBase]
    .filter(({ to, kind }) => kind !== "owner" && !isThere(to))
    .map(({ from, to }) => `${inWords(from)} needs ${inWords(to)}, which is made by no table of ${tables.join(", ")}`);
  return [...new Set([...faults, ...missing])];
}

function rolesIn(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** `the policy read of public.airports`. */
function inWords(id: FactId): string {
  if (id.kind === "acl") return `the grant to ${id.grantee} on ${inWords(id.target)}`;
  if (id.kind === "comment") return `the comment of ${inWords(id.target)}`;
  const words = id.kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if ("table" in id && "name" in id) return `the ${words} ${id.name} of ${id.schema}.${id.table}`;
  if ("schema" in id && "name" in id) return `the ${words} ${id.schema}.${id.name}`;
  return "name" in id ? `the ${words} ${id.name}` : `a ${words}`;
}
