import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BACKSLASHES, JSON_TEXT, JsonScanner, lettersOf, LIKELY_KEYS, LINE_BREAKS } from "./json-scan.ts";
import { isJson } from "./jsonb-text.ts";

const scanner = new JsonScanner([lettersOf("token"), lettersOf("key")]);

describe("takes and refuses what JSON.parse does", () => {
  it.each(
    [
      ["", " ", "[", "]", "{", "}", "[]]", "[,]", "[1,]", "[1 2]", "{1:2}", '{"a"}', '{"a":}', '{"a":1,}', '{"a" 1}'],
      ['"', '"\\"', '"\\x"', '"\\u12g4"', '"\\u123', '"\t"', '"\n"', "'a'", '"a" "b"', '{"a":1}}', "[}", '{"a":1]'],
      ["01", "-", "+1", "1.", ".5", "1e", "1e+", "-01", "1.e1", "0x1", "tru", "truee", "nul", "NaN", "\uFEFF[]"],
      ["0", "-0", "1.5E-7", "1e+9", "true", "false", "null", '""', '"\\u12aF\\/\\n"', '{"":[{},[]]}', "\t\r\n [ ] \n"],
      ['"é\u2028\uD800"', '"\u007f"', "\u00a0[]", "[1\u0000]", '{"a":{"b":[1,{"c":null}]},"d":"e"}', "[1]\u0000"],
    ].flat(),
  )("%j", (text) => {
    expect(scanner.scan(text) !== 0).toBe(isJson(text));
  });

  it("any document, and any with a character lost, added or exchanged", () => {
    const spaced = fc.tuple(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 1, "\t")).map(([json, space]) => {
      return JSON.stringify(JSON.parse(json), null, space);
    });
    const marks = fc.constantFrom("", ...Array.from('[]{},:"\\u0123456789eE+-. \n\ttrfnul'));
    const run = fc.property(spaced, fc.nat(), fc.nat(1), marks, (json, where, cut, mark) => {
      expect(scanner.scan(json) & JSON_TEXT).toBe(JSON_TEXT);
      const at = where % (json.length + 1);
      const spoiled = json.slice(0, at) + mark + json.slice(at + cut);
      expect([spoiled, scanner.scan(spoiled) !== 0]).toEqual([spoiled, isJson(spoiled)]);
    });
    fc.assert(run, { numRuns: 3000 });
  });

  it.each([255, 256, 257, 5000])("nested %i deep", (depth) => {
    expect(scanner.scan("[".repeat(depth) + "]".repeat(depth)) & JSON_TEXT).toBe(JSON_TEXT);
    expect(scanner.scan("[".repeat(depth) + "]".repeat(depth - 1))).toBe(0);
  });

  it.each([65_536, 65_537])("%i units long", (length) => {
    expect(scanner.scan(`"${"ü".repeat(length - 2)}"`) & JSON_TEXT).toBe(JSON_TEXT);
    expect(scanner.scan(`"${"ü".repeat(length - 1)}`)).toBe(0);
  });
});

it.each([
  ['{"a":"token"}', 0],
  ['{"a":[{"Access_ToKEN":1}]}', LIKELY_KEYS],
  ['{"a":1,"kye":2}', LIKELY_KEYS],
  ['{"tok":1,"en":2}', 0],
  ['{"a":"x\\\\y"}', BACKSLASHES],
  ['{"t\\u006fken":1}', BACKSLASHES],
  ["[1,\r2]", LINE_BREAKS],
  ['{"key":1}\n', LINE_BREAKS | LIKELY_KEYS],
  ["[1, 2]", 0],
])("tells of %j what a closer look is for", (text, found) => {
  // the second time from what it remembers
  expect([scanner.scan(text), scanner.scan(text)]).toEqual([found | JSON_TEXT, found | JSON_TEXT]);
});

it("takes any key for one that may hold a word beyond ASCII", () => {
  expect(new JsonScanner([lettersOf("geburtsdatum_übermittelt")]).scan('{"a":1}')).toBe(JSON_TEXT | LIKELY_KEYS);
});
