import { z } from "zod";

/** The pattern that semver.org recommends, its numbers held to what a JavaScript integer can count. */
const pattern =
  /^(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})(?:-((?:0|[1-9]\d{0,14}|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d{0,14}|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

/** A version by semver.org 2.0.0: `1.4.0`, `2.0.0-rc.1` (data-model.md §4). */
export const semverSchema = z
  .string({ error: "must be a string" })
  .max(128, { error: "must have at most 128 characters; shorten it", abort: true })
  .regex(pattern, { error: "must follow semantic versioning: MAJOR.MINOR.PATCH such as 1.4.0 (semver.org)" });

interface Version {
  readonly core: readonly [number, number, number];
  readonly prerelease: readonly string[];
}

function parseVersion(text: string): Version | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  return {
    core: [Number(match[1]), Number(match[2]), Number(match[3])],
    prerelease: match[4]?.split(".") ?? [],
  };
}

/** Orders two versions by precedence (semver.org §11; build metadata is ignored); null when one is no version. */
export function compareVersions(a: string, b: string): number | null {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (left === null || right === null) return null;
  for (const index of [0, 1, 2] as const) {
    const difference = left.core[index] - right.core[index];
    if (difference !== 0) return Math.sign(difference);
  }
  return comparePrerelease(left.prerelease, right.prerelease);
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    const order = compareParts(left, right);
    if (order !== 0) return order;
  }
  return a.length === b.length ? 0 : -1;
}

function compareParts(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left !== right) return left ? -1 : 1;
  if (left) return Math.sign(Number(a) - Number(b));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** How much a change asks of the version: breaking ⇒ major, added ⇒ minor, else patch (decisions.md). */
export type Change = "major" | "minor" | "patch";

/**
 * The least version that fits a change of `current`. A pre-release gives way to a bump of its core like any version:
 * `1.2.3` + minor → `1.3.0`. Throws a RangeError when `current` is no version.
 */
export function leastNextVersion(current: string, change: Change): string {
  const version = parseVersion(current);
  if (version === null) throw new RangeError(`${current} is no semantic version; parse it with semverSchema first`);
  const [major, minor, patch] = version.core;
  if (change === "major") return `${major + 1}.0.0`;
  if (change === "minor") return `${major}.${minor + 1}.0`;
  return `${major}.${minor}.${patch + 1}`;
}
