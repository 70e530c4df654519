import { fullFormats } from "ajv-formats/dist/formats.js";
import { expect, it } from "vitest";
import { formatPatterns, notUriFragment } from "./format-patterns.ts";

it("are those of ajv-formats", () => {
  const { uri, ...rest } = formatPatterns;
  const { jsonPointer, uriReference, ...plain } = rest;
  for (const [name, pattern] of Object.entries({
    ...plain,
    "json-pointer": jsonPointer,
    "uri-reference": uriReference,
  })) {
    expect([name, String(pattern)]).toEqual([name, String(Reflect.get(fullFormats, name))]);
  }
  // two patterns make one check there
  const check = fullFormats.uri;
  for (const text of [
    "https://a.b/c?d#e",
    "mailto:x",
    "x",
    "/a",
    "a:b",
    "http://[::1]/",
    "http://a b",
    "urn:x:y",
    "#a",
  ]) {
    const original: unknown = typeof check === "function" ? check(text) : undefined;
    expect([text, notUriFragment.test(text) && uri.test(text)]).toEqual([text, original]);
  }
});
