import fc from "fast-check";
import { expect, test } from "vitest";
import { patterns } from "../testing/small-columns.ts";
import { postgresPattern } from "../pattern.ts";
import { importedPattern } from "./imported-pattern.ts";

test.each([
  "^[A-Z0-9]{3,4}$",
  "^[a-z]+@[a-z]+\\.[a-z]{2,}$",
  "^(ab|c)$",
  "^[0-9]{4}-[0-9]{2}$",
  "^https://",
  "a_b, c: d",
  "\\\\",
])("a plain one is taken as it is: %s", (regex) => expect(importedPattern(regex)).toBe(regex));

test.each([
  "^\\d+$",
  "\\mword\\M",
  "***=literal",
  "(?i)abc",
  "[[:alpha:]]+",
  "a*?",
  "(a)\\1",
  "^\\s",
  "a{,3}",
  "(?<=a)b",
  "[a",
  "\\yab",
])("one that JavaScript reads otherwise, or not at all, is left alone: %s", (regex) =>
  expect(importedPattern(regex)).toBeNull(),
);

test("whatever pattern was compiled comes back as one that compiles to the same", () => {
  const classes = fc.constantFrom("[a-z]", "[^\\w]", "\\d", "\\w", "\\s", ".", "[A-Z_-]", "[\\]\\[]", "[\\^a]", "\\D");
  const atoms = fc.oneof(
    classes,
    fc.constantFrom(
      "a",
      "é",
      "🛫",
      "-",
      "_",
      "/",
      "\\.",
      "\\/",
      "@",
      "'",
      '"',
      "\\\\",
      " ",
      "(?:ab|c)",
      "(x)",
      "(?:a-b)",
    ),
  );
  const quantified = fc
    .tuple(atoms, fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,3}", "{2,}"))
    .map(([atom, many]) => `${atom}${many}`);
  const made = fc
    .tuple(fc.constantFrom("", "^"), fc.array(quantified, { maxLength: 6 }), fc.constantFrom("", "$", "|b"))
    .map(([start, middle, end]) => `${start}${middle.join("")}${end}`);
  fc.assert(
    fc.property(fc.oneof(made, fc.constantFrom(...patterns)), (pattern) => {
      const compiled = postgresPattern(pattern);
      expect(compiled).not.toBeNull();
      const back = importedPattern(compiled ?? "");
      expect(back).not.toBeNull();
      expect(postgresPattern(back ?? "")).toBe(compiled);
    }),
    { numRuns: 1000 },
  );
});
