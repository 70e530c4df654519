import { describe, expect, it } from "vitest";
import { embedsOthers, parseSearch, redactSearch, secretAliases } from "./redact-search.ts";
import { createRedaction, REDACTED } from "./redaction.ts";

const secrets = createRedaction(["ssn"]).secretsOf("users", "alone");
const redact = (query: string, found: string[] = []) =>
  redactSearch(parseSearch(query), secrets, (value) => found.push(value));

describe("filters", () => {
  it.each([
    ["api_key=eq.x", ["api_key", REDACTED]],
    ["ssn=in.(1,2)", ["ssn", REDACTED]],
    ["users.api_key=eq.x", ["users.api_key", REDACTED]],
    ["data-%3E%3Eapi_key=eq.x", ["data->>api_key", REDACTED]],
    ["or=(api_key.eq.x,name.eq.y)", ["or", REDACTED]],
    ["users.not.and=(name.eq.y,or(ssn.eq.1))", ["users.not.and", REDACTED]],
    ['meta=cs.%7B"api_key":"x"%7D', ["meta", REDACTED]],
    ["token=abc", ["token", REDACTED]],
    ["name=eq.J%C3%B6rg+B", ["name", "eq.Jörg B"]],
    ["or=(name.eq.y,age.gt.3)", ["or", "(name.eq.y,age.gt.3)"]],
    ["select=id,api_key", ["select", "id,api_key"]],
    ["order=api_key.desc", ["order", "api_key.desc"]],
    ["on_conflict=api_key", ["on_conflict", "api_key"]],
    ["flag", ["flag", ""]],
    ["bad=%zz", ["bad", "%zz"]],
  ])("%s", (query, expected) => expect(redact(query)).toEqual([expected]));

  it("tells the values, which an error may repeat", () => {
    const found: string[] = [];
    redact('api_key=eq.sk_live&ssn=not.in.("1","2")&or=(token.eq.abc,name.eq.joe)', found);
    expect(found).toEqual(expect.arrayContaining(["sk_live", "abc"]));
  });
});

describe("aliases", () => {
  const aliases = (select: string) => [...(secretAliases(parseSearch(`select=${select}`), secrets) ?? [])];
  it.each([
    ["id,x:api_key", "x"],
    ["id,x:api_key::text", "x"],
    ['id,"my x":api_key', "my x"],
    ["owner:users(k:ssn)", "k"],
    ["a:data->>api_key", "a"],
    ["api_key.max()", "max"],
    ["top:api_key.max()", "top"],
    ["data->keys->0", "keys"],
  ])("%s brings %s back", (select, name) => expect(aliases(select)).toContain(name));
  it.each(["*", "id,name", "x:name,y:city::text", "owner:users(name)"])("%s brings nothing secret", (select) =>
    expect(aliases(select)).toEqual([]),
  );
});

it("sees that other tables' rows come along", () => {
  expect(embedsOthers(parseSearch("select=*,users(ssn)"))).toBe(true);
  expect(embedsOthers(parseSearch("select=*&or=(a.eq.1)"))).toBe(false);
});
