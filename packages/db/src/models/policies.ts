import {
  type ErrorIssue,
  byteLength,
  identifierByteLimit,
  type PostgresType,
  presetColumn,
  quoteIdentifier,
  type RlsPolicies,
  type RlsPolicy,
} from "@waybill/contracts";
import { readExpression } from "./expression.ts";
import type { ModelShape } from "./model-shape.ts";

type Preset = Extract<RlsPolicies, { preset: unknown }>["preset"];

/** A policy, and where the model says so. */
export interface PlannedPolicy {
  readonly policy: RlsPolicy;
  readonly field: string;
}

/** The model's policies, a preset written out. */
export function policiesOf(shape: ModelShape): { policies: readonly PlannedPolicy[]; issues: readonly ErrorIssue[] } {
  const given = shape.model.rls_policies;
  if (given === null) return { policies: [], issues: [] };
  if (!("preset" in given)) {
    const policies = given.map((policy, index) => ({ policy, field: `rls_policies.${index}` }));
    return { policies, issues: policies.flatMap(partFaults) };
  }
  const field = "rls_policies.preset";
  const condition = presetCondition(given.preset, shape);
  if (typeof condition !== "string") return { policies: [], issues: [{ field, rule: "rls_policies", ...condition }] };
  const written = presetPolicies(given.preset, condition);
  return { policies: written.map((policy) => ({ policy, field })), issues: [] };
}

function presetCondition(preset: Preset, shape: ModelShape): string | { message: string } {
  const column = presetColumn[preset];
  if (column === null) return "true";
  const type = shape.types.get(column);
  if (type === undefined || (type.family !== "uuid" && type.family !== "text")) {
    const kind = type?.name ?? "of an unknown type";
    return { message: `must have ${column} as uuid or text for ${preset}: it is ${kind}; correct it in fields` };
  }
  return `${quoteIdentifier(column)} = ${callerValue(preset, type)}`;
}

/** In a subquery of its own, so that Postgres asks once a statement and not once a row. */
function callerValue(preset: Preset, type: PostgresType): string {
  const claim = "auth.jwt() -> 'app_metadata' ->> 'tenant_id'";
  if (preset === "own-rows") return type.family === "uuid" ? "(select auth.uid())" : "(select auth.uid()::text)";
  return type.family === "uuid" ? `(select (${claim})::uuid)` : `(select ${claim})`;
}

function presetPolicies(preset: Preset, condition: string): RlsPolicy[] {
  if (preset === "public-read") {
    return [{ name: "public read", command: "select", roles: ["anon", "authenticated"], using: condition }];
  }
  const label = preset === "own-rows" ? "own rows" : "tenant";
  const roles: RlsPolicy["roles"] = ["authenticated"];
  return [
    { name: `${label}: select`, command: "select", roles, using: condition },
    { name: `${label}: insert`, command: "insert", roles, check: condition },
    { name: `${label}: update`, command: "update", roles, using: condition, check: condition },
    { name: `${label}: delete`, command: "delete", roles, using: condition },
  ];
}

/** What Postgres would cut, or take for "nobody" without a word. */
function partFaults({ policy, field }: PlannedPolicy): ErrorIssue[] {
  const issues: ErrorIssue[] = [];
  const say = (part: string, message: string) =>
    issues.push({ field: `${field}.${part}`, rule: "rls_policies", message });
  if (byteLength(policy.name) > identifierByteLimit) {
    say("name", `must have at most ${identifierByteLimit} bytes: Postgres cuts the rest; shorten it`);
  }
  if (policy.command === "insert" && policy.check === undefined) {
    say("check", "must be given for insert: without it no row could be inserted");
  }
  if (policy.command !== "insert" && policy.using === undefined) {
    say("using", `must be given for ${policy.command}: without it no row would be seen`);
  }
  return issues;
}

/** The statement of a policy, or why a condition of it cannot be one. */
export async function policyStatement(shape: ModelShape, planned: PlannedPolicy): Promise<string | ErrorIssue[]> {
  const { policy, field } = planned;
  const rules = { table: shape.model.table_name, columns: shape.columns, for: "policy" } as const;
  const issues: ErrorIssue[] = [];
  const clauses: string[] = [];
  for (const [part, words] of [["using", "using"] as const, ["check", "with check"] as const]) {
    const text = policy[part];
    if (text === undefined) continue;
    const read = await readExpression(text, rules);
    if ("sql" in read) clauses.push(`${words} (${read.sql})`);
    else issues.push({ field: field.endsWith("preset") ? field : `${field}.${part}`, ...read });
  }
  if (issues.length > 0) return issues;
  const roles = [...new Set(policy.roles)].join(", ");
  const head = `create policy ${quoteIdentifier(policy.name)} on ${shape.table} for ${policy.command} to ${roles}`;
  return [head, ...clauses].join("\n  ");
}

const writing = ["insert", "update", "delete"] as const;

/** Tables that nobody reaches, and what a role may write and never see again: allowed, and nearly always a mistake. */
export function lockoutWarnings(policies: readonly PlannedPolicy[]): ErrorIssue[] {
  if (policies.length === 0) {
    const message = "must name a policy, or nobody but the service role reaches the table; a preset will do";
    return [{ field: "rls_policies", rule: "lockout", message }];
  }
  const allows = (role: string, command: string) =>
    policies.some(({ policy }) => {
      const isForRole = policy.roles.some((name) => name === role || name === "public");
      return isForRole && (policy.command === command || policy.command === "all");
    });
  return policies.flatMap(({ policy, field }) => {
    const command = writing.find((name) => name === policy.command);
    const blind = [...new Set(policy.roles)].filter((role) => role !== "service_role" && !allows(role, "select"));
    if (command === undefined || blind.length === 0) return [];
    const what = command === "insert" ? "get back the row that they inserted" : `find a row to ${command}`;
    const message = `must come with a policy for select, or ${blind.join(", ")} cannot ${what}; add one`;
    return [{ field, rule: "lockout", message }];
  });
}
