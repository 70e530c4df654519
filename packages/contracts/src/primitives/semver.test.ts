import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectIssue } from "../testing/expect-issue.ts";
import { type Change, compareVersions, leastNextVersion, semverSchema } from "./semver.ts";

/** From semver.org §11, lowest first. */
const ordered = [
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.1",
  "1.2.0",
  "1.10.0",
  "2.0.0",
];

describe("semverSchema", () => {
  it.each([...ordered, "0.0.4", "1.0.0+build.5", "1.0.0-rc.1+5", "1.0.0-0A.is.legal"])("takes %s", (version) => {
    expect(semverSchema.parse(version)).toBe(version);
  });

  it.each([
    "",
    "1",
    "1.0",
    "v1.0.0",
    "01.0.0",
    "1.0.0-01",
    "1.0.0-",
    "1.0.0+",
    "1.0.0 ",
    "-1.0.0",
    "1.0.0-a..b",
    "9999999999999999.0.0",
  ])("refuses %j", (version) => expectIssue(semverSchema, version, "", /semantic versioning/));

  it("refuses what is no text", () => {
    expectIssue(semverSchema, 1, "", /must be a string/);
  });

  it("refuses an endless one at once", () => {
    expectIssue(semverSchema, `1.0.0-${"1".repeat(1_000_000)}`, "", /at most 128/);
  });
});

describe("compareVersions", () => {
  it("orders as semver.org does and ignores build metadata", () => {
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) expect(compareVersions(a, b), `${a} ${b}`).toBe(Math.sign(i - j));
    }
    expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
    expect(compareVersions("1.0", "1.0.0")).toBeNull();
  });
});

describe("leastNextVersion", () => {
  it.each([
    ["1.2.3", "major", "2.0.0"],
    ["1.2.3", "minor", "1.3.0"],
    ["1.2.3", "patch", "1.2.4"],
    ["0.1.0-rc.1", "patch", "0.1.1"],
  ] as const)("raises %s by a %s change to %s", (current, change, next) => {
    expect(leastNextVersion(current, change)).toBe(next);
  });

  it("is a valid version above the current one, whatever the change", () => {
    const parts = fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((numbers) => numbers.join("."));
    fc.assert(
      fc.property(parts, fc.constantFrom<Change>("major", "minor", "patch"), (current, change) => {
        const next = leastNextVersion(current, change);
        expect(semverSchema.safeParse(next).success).toBe(true);
        expect(compareVersions(next, current)).toBe(1);
      }),
    );
  });

  it("refuses what is no version", () => {
    expect(() => leastNextVersion("one", "patch")).toThrow(/one is no semantic version/);
  });
});
