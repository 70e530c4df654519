import type { z } from "zod";
import type { ErrorIssue } from "./errors.ts";

/** How many broken rules one answer names. */
const issueLimit = 50;

/**
 * A zod error as issues for a caller, in words that begin with "must". Of a union the branch that got furthest speaks,
 * since it was most likely meant.
 */
export function issuesOf(error: z.ZodError): ErrorIssue[] {
  return flatten(error.issues, []).slice(0, issueLimit);
}

function flatten(issues: readonly z.core.$ZodIssue[], prefix: readonly PropertyKey[]): ErrorIssue[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    const furthest = issue.code === "invalid_union" ? furthestBranch(issue.errors) : null;
    if (furthest !== null) return flatten(furthest, path);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => broken([...path, key], issue.code, "must not be given: there is no such field"));
    }
    return [broken(path, issue.code, messageOf(issue))];
  });
}

function broken(path: readonly PropertyKey[], rule: string, message: string): ErrorIssue {
  return { field: path.map(String).join("."), rule, message };
}

/** Waybill's schemas have words of their own for every rule but the shape of objects and arrays, where zod's are left. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    return `must be ${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
  }
  if (issue.code === "invalid_value" && issue.message.startsWith("Invalid")) {
    return `must be one of ${issue.values.map(String).join(", ")}`;
  }
  return issue.message;
}

/** The branch with the deepest fault; null when none got beyond the value itself. */
function furthestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | null {
  const depth = (branch: z.core.$ZodIssue[]) => Math.max(0, ...branch.map((issue) => issue.path.length));
  const [best] = branches.toSorted((a, b) => depth(b) - depth(a));
  return best !== undefined && depth(best) > 0 ? best : null;
}
