import { expect, it } from "vitest";
import { findSecrets } from "./search-evidence.ts";

const secrets = new Map([
  ["wbs_0123456789abcdef", "a session token"],
  ["short", "a short one"],
]);

it.each([
  ["a log line", '{"msg":"bearer wbs_0123456789abcdef"}', ["a session token in it"]],
  ["a longer word", "xxwbs_0123456789abcdefyy", ["a session token in it"]],
  ["a part only", "wbs_0123456789abcde", []],
  ["a word that is too short to tell", "short", []],
  ["an access token", "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl y", ["an access token in it"]],
])("in %s", (_what, text, found) => {
  expect(findSecrets([{ where: "it", text }], secrets)).toEqual(found);
});
