import { cases, type KeywordCase } from "./case.ts";

export const lengths: readonly KeywordCase[] = [
  ...cases(
    "minLength",
    { type: "string", minLength: 2 },
    {
      valid: ["ab", "  ", "🛫🛬", "e\u0301", "👩‍🚀", "ß∑", null],
      invalid: ["", "a", "🛫", "é", "\u{10ffff}"],
    },
  ),
  ...cases("minLength", { type: "string", minLength: 0 }, { valid: [""], invalid: [0] }),
  ...cases(
    "maxLength",
    { type: "string", maxLength: 2 },
    {
      valid: ["", "ab", "🛫🛬", "e\u0301", "\u{10ffff}a", "a\n"],
      invalid: ["abc", "🛫🛬🛫", "👩‍🚀", "ab ", "e\u0301e"],
    },
  ),
  ...cases("maxLength", { type: "string", maxLength: 0 }, { valid: [""], invalid: ["a", " "] }),
  ...cases("maxLength", { type: "string", "x-pg": "varchar(5)", maxLength: 3 }, { valid: ["abc"], invalid: ["abcd"] }),
];

/** As RE2 reads them: `.` is all but a line feed, and `\s` and `\w` are ASCII. JavaScript's own `.` and `\s` differ. */
export const patterns: readonly KeywordCase[] = [
  ...cases(
    "pattern",
    { type: "string", pattern: "^[A-Z0-9]{3,4}$" },
    {
      valid: ["ABC", "A1B2", null],
      invalid: ["AB", "ABCDE", "abc", "ABC\n", "ABC\nDEF", "ÄBC", " ABC"],
    },
  ),
  ...cases("pattern", { type: "string", pattern: "b\\d" }, { valid: ["ab1c", "b0"], invalid: ["ab", "b٣", "B1", ""] }),
  ...cases("pattern", { type: "string", pattern: "^\\w+$" }, { valid: ["a_1"], invalid: ["é", "a-b", "", "ａ"] }),
  ...cases(
    "pattern",
    { type: "string", pattern: "^\\s$" },
    { valid: [" ", "\t", "\n", "\r", "\f"], invalid: ["", "a", "\u000b", "\u00a0", "\u2003"] },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^\\D\\W\\S$" },
    { valid: ["a-b", "é🛫é"], invalid: ["1-b", "aab", "a- "] },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^.$" },
    { valid: ["a", "🛫", "é", "\r", "\u2028"], invalid: ["", "ab", "\n", "🛫🛬"] },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^[^a-c]$" },
    { valid: ["d", "\n", "🛫", "]"], invalid: ["a", "b", ""] },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^(?:a|bc?|)+$" },
    { valid: ["", "a", "abc", "bcb"], invalid: ["c", "ac"] },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^[\\]\\[\\^\\-\\\\:.=]$" },
    {
      valid: ["]", "[", "^", "-", "\\", ":", ".", "="],
      invalid: ["a", "", "/"],
    },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^\\*\\*\\*=a{2}\\.\\$\\/$" },
    { valid: ["***=aa.$/"], invalid: ["aa", "***=aaa$/"] },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^(?<year>\\d{4})-(\\d\\d)?$" },
    { valid: ["2026-", "2026-11"], invalid: ["2026-1"] },
  ),
  ...cases(
    "pattern",
    { type: "string", pattern: "^[\\u00e0-\\u00ff🛫-🛬]+?$" },
    { valid: ["é", "🛫🛬"], invalid: ["e", "e\u0301", "🛩"] },
  ),
  ...cases("pattern", { type: "string", pattern: "" }, { valid: ["", "a"], invalid: [1] }),
  ...cases("pattern", { type: "string", pattern: "a|^b|c$" }, { valid: ["xax", "bx", "xc"], invalid: ["xbx", "cx"] }),
  ...cases(
    "pattern",
    { type: "string", pattern: "^(a*)*b{0,2}$" },
    { valid: ["", "aaa", "abb"], invalid: ["abbb", "ba"] },
  ),
  ...cases("pattern", { type: "string", pattern: "x$" }, { valid: ["x", "a\nx"], invalid: ["x\n", "x\na"] }),
  ...cases(
    "pattern",
    { type: "string", pattern: "^a" },
    {
      valid: ["a".repeat(65_536), `a${"🛫".repeat(40_000)}`],
      invalid: ["a".repeat(65_537), "b\na"],
    },
  ),
];
