import { expect } from "vitest";
import type { z } from "zod";

/** One value that a rule refuses: where, and with what words. */
export type Rejection = readonly [rule: string, changes: object, path: string, message: RegExp];

/** Holds that `schema` refuses `value` at `path` (dotted, empty for the value itself) and says why. */
export function expectIssue(schema: z.ZodType, value: unknown, path: string, message: RegExp): void {
  const issues = schema
    .safeParse(value)
    .error?.issues.map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`);
  expect(issues, "the value must be refused").toBeDefined();
  expect(issues).toContainEqual(expect.stringMatching(new RegExp(`^${escape(path)}: .*${message.source}`, "s")));
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** `base` without one of its keys. */
export function without(base: object, key: string): object {
  return Object.fromEntries(Object.entries(base).filter(([name]) => name !== key));
}
