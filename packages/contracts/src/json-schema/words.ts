import type { ErrorIssue } from "../errors.ts";

/** Broken rules named in one answer. */
export const issueLimit = 50;

/** Of an `enum`, put together once: every item of a list may break it. */
const said = new WeakMap<readonly unknown[], string>();

/** What is said of a keyword that a value breaks, wherever the schema runs. Never what the value was. */
export const words = {
  additionalProperties: "must not be given: the schema has no such property",
  allowed: (values: readonly unknown[]) => {
    const text = said.get(values) ?? `must be one of ${shortList(values)}`;
    said.set(values, text);
    return text;
  },
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

/** Each issue once, and at most as many as one answer names: no more are looked at than that takes. */
export function distinctIssues(issues: Iterable<ErrorIssue>): ErrorIssue[] {
  const distinct = new Map<string, ErrorIssue>();
  for (const issue of issues) {
    const key = JSON.stringify([issue.field, issue.rule, issue.message]);
    if (!distinct.has(key)) distinct.set(key, issue);
    if (distinct.size === issueLimit) break;
  }
  return [...distinct.values()];
}
