import { compileFields } from "@waybill/contracts/json-schema";
import { scratchDatabase } from "@waybill/local-supabase";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { postgresPattern } from "./pattern.ts";

describe("postgresPattern", () => {
  it.each([
    ["^[A-Z]{3}$", "(?:^[A-Z]{3}$)"],
    ["\\d\\w\\s", "(?:[0-9][A-Za-z0-9_][\t\n\f\r ])"],
    [".\\.", "(?:[^\n]\\.)"],
    ["(a|b)*?(?<n>c)??", "(?:(?:a|b)*(?:c)?)"],
    ["[^\\]\\\\-a\\d]", "(?:[^\\]\\\\-a0-9])"],
    ["\\u0041\\x42\\cJ\\t", "(?:AB\n\t)"],
    ["***", null],
    ["", "(?:)"],
  ])("reads %j as %j", (pattern, translated) => expect(postgresPattern(pattern)).toBe(translated));

  it.each([
    ["a word's border", "\\bx"],
    ["a property of Unicode", "\\p{L}"],
    ["a class that RE2 alone knows", "[[:alpha:]]"],
    ["flags", "(?i:a)"],
    ["flags in front", "(?i)a"],
    ["RE2's own ends", "\\Aa\\z"],
    ["RE2's quotes", "\\Qa.b\\E"],
    ["an escape of a letter that means nothing", "\\_"],
    ["NUL", "\\0"],
    ["half of a surrogate pair", "\\ud800"],
    ["a negated set in a class", "[\\D]"],
    ["an empty class", "[]"],
    ["a repetition beyond Postgres' limit", "a{256}"],
    ["a repeated end", "(?:a|$)*^*"],
    ["look-ahead", "(?=a)"],
    ["a back-reference", "(a)\\1"],
    ["what is no pattern", "(a"],
  ])("leaves %s to the server", (_what, pattern) => expect(postgresPattern(pattern)).toBeNull());
});

const letters = fc.constantFrom(
  "a",
  "b",
  "B",
  "1",
  "_",
  "-",
  "]",
  "^",
  "\\",
  ".",
  " ",
  "\n",
  "\r",
  "\u2028",
  "é",
  "٣",
  "🛫",
);
const escaped = letters.map((text) => (/[-\]^\\.]/.test(text) ? `\\${text}` : text));
const classes = fc
  .tuple(
    fc.constantFrom("", "^"),
    fc.array(fc.oneof(escaped, fc.constantFrom("a-c", "0-9", "\\d", "\\w", "\\s", "à-ÿ")), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([negated, members]) => `[${negated}${members.join("")}]`);
const { pattern: somePatterns } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  pattern: fc.array(tie("piece"), { maxLength: 4 }).map((pieces) => pieces.join("")),
  piece: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(
      escaped.map((text) => (text === "-" || text === "\\-" ? "x" : text)),
      classes,
      fc.constantFrom("\\d", "\\W", "\\S", ".", "^", "$"),
    ),
    fc
      .tuple(tie("pattern"), tie("pattern"), fc.constantFrom("", "*", "+", "?", "{0,2}", "{2}", "{1,}", "*?"))
      .map(([left, right, times]) => `(?:${left}|${right})${times}`),
  ),
}));

it.each(["pglite", "native"] as const)(
  "random patterns match the same texts on the server and in Postgres: %s",
  async (engine) => {
    await using database = await scratchDatabase({ engine });
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        somePatterns,
        fc.array(
          fc.array(letters, { maxLength: 5 }).map((parts) => parts.join("")),
          { minLength: 5, maxLength: 10 },
        ),
        async (pattern, texts) => {
          const translated = postgresPattern(pattern);
          fc.pre(translated !== null);
          const validate = compileFields({ type: "object", properties: { id: { type: "string", pattern } } });
          const expected = texts.map((id) => validate({ id }).ok);
          const rows = await database.query(
            "select t ~ $1 as matches from unnest($2::text[]) with ordinality as u (t, n) order by n",
            [translated, texts],
          );
          expect({ translated, texts, matches: rows.map(({ matches }) => matches) }).toEqual({
            translated,
            texts,
            matches: expected,
          });
          compared += texts.length;
        },
      ),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(1000);
  },
);
