import type { ErrorIssue } from "../errors.ts";

/** Broken rules named in one answer. */
export const issueLimit = 50;

/** What is said of a keyword that a value breaks, wherever the schema runs. Never what the value was. */
export const words = {
  additionalProperties: "must not be given: the schema has no such property",
  allowed: (values: readonly unknown[]) => `must be one of ${shortList(values)}`,
  constant: (value: unknown) => `must be ${shortList([value])}`,
  format: (name: string) => `must be a valid ${name}`,
  required: "must be given",
  type: (names: string) => `must be ${names.replaceAll(",", " or ")}`,
  uniqueItems: "must not hold an item twice",
};

function shortList(values: readonly unknown[]): string {
  const text = values.map((value) => JSON.stringify(value)).join(", ");
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/** Each issue once, and at most as many as one answer names. */
export function distinctIssues(issues: readonly ErrorIssue[]): ErrorIssue[] {
  const seen = new Set<string>();
  return issues
    .filter(({ field, rule, message }) => {
      const key = JSON.stringify([field, rule, message]);
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, issueLimit);
}
