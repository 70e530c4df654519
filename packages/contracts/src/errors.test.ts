import { describe, expect, it } from "vitest";
import { errorCatalog, errorCodes, errorDataSchema } from "./errors.ts";
import { expectIssue } from "./testing/expect-issue.ts";

describe("errorCatalog", () => {
  it.each(errorCodes)("%s has a name, a description and a remedy, each one line", (code) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    for (const line of [errorCatalog[code].description, errorCatalog[code].remedy]) {
      expect(line).toMatch(/^[A-Z][^\n]{10,120}\.$/);
    }
  });

  it("holds every code once and no other", () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
    expect(Object.keys(errorCatalog).sort()).toEqual(errorCodes.toSorted());
  });
});

describe("errorDataSchema", () => {
  const data = { code: "NOT_FOUND", message: "no route", hint: "check it", operation_id: null, request_id: "r" };

  it("takes what a caller learns and drops what it must not", () => {
    expect(errorDataSchema.parse({ ...data, stack: "at x" })).toEqual(data);
    const issues = [{ field: "row.a", rule: "type", message: "must be integer" }];
    expect(errorDataSchema.parse({ ...data, issues })).toEqual({ ...data, issues });
  });

  it("refuses an unknown code", () =>
    expectIssue(errorDataSchema, { ...data, code: "OOPS" }, "code", /ILLEGAL_TRANSITION/));
});
