import { expect, it } from "vitest";
import { isJson, jsonbText } from "./jsonb-text.ts";

it.each([
  [String.raw`"a\u0000b"`, '"a\uFFFDb"', true],
  [String.raw`"a\\u0000b"`, String.raw`"a\\u0000b"`, false],
  [String.raw`"a\\\u0000b"`, '"a\\\\\uFFFDb"', true],
  [String.raw`"\ud83d\ude00"`, String.raw`"\ud83d\ude00"`, false],
  [String.raw`"\ud83d!"`, '"\uFFFD!"', true],
  [String.raw`"\ude00"`, '"\uFFFD"', true],
  [String.raw`"\u001f\n"`, String.raw`"\u001f\n"`, false],
  ['{\n"a":\r\n1}', '{ "a":  1}', false],
])("%s", (text, expected, replaced) => {
  expect(jsonbText(text)).toEqual({ text: expected, replaced });
  expect(isJson(expected)).toBe(true);
});

it("tells whole JSON from its beginning", () => {
  expect(isJson('[{"a":1}]')).toBe(true);
  expect(isJson('[{"a":1}')).toBe(false);
  expect(isJson('[],"user_id":"somebody else","x":[]')).toBe(false);
});
