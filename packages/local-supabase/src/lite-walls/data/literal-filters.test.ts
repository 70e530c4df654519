import { expect, test } from "vitest";
import { withLiteralFilters, withLiterals, type Literals } from "./literal-filters.ts";

function literal(query: string, path = "things", literals: Literals = new Map()): string {
  const request = new Request(`http://localhost/rest/v1/${path}?${query}`);
  const { search } = new URL(withLiteralFilters(request, literals).url);
  return [...new URLSearchParams(search)].map(([key, value]) => `${key}=${value}`).join("&");
}

test.each([
  ["a=eq.true", 'a=eq."true"'],
  ["a=not.eq.1.00", 'a=not.eq."1.00"'],
  ["a=neq.%20x%20", 'a=neq." x "'],
  ['a=eq."x"', 'a=eq.""x""'],
  ["a=gte.5&a=lt.7", 'a=gte."5"&a=lt."7"'],
  ["a->>b=eq.null", 'a->>b=eq."null"'],
  ["other.a=eq.1", 'other.a=eq."1"'],
  ["a=match.^1", 'a=match."^1"'],
])("the value of %s is text", (query, expected) => {
  expect(literal(query)).toBe(expected);
});

test.each([
  ["a=in.(1,true)", 'a=in.("1","true")'],
  ['a=in.("a,b",c)', 'a=in.("a,b","c")'],
  ['a=not.in.(x"y,z)', 'a=not.in.("x\\"y","z")'],
  ["a=in.()", "a=in.()"],
  ["a=cs.{true,2}", 'a=cs.{"true","2"}'],
  ['a=cs.{"b":1}', 'a=cs.{"b":1}'],
  ["a=like(any).{1*,x}", 'a=like(any).{"1*","x"}'],
])("the items of %s are text", (query, expected) => {
  expect(literal(query)).toBe(expected);
});

test.each([
  ["or=(a.eq.1,b.is.null)", 'or=(a.eq."1",b.is.null)'],
  ["or=(a.eq.1,and(b.gt.2,not.or(c.eq.x,d.in.(1,2))))", 'or=(a.eq."1",and(b.gt."2",not.or(c.eq."x",d.in.("1","2"))))'],
  ['or=(a.eq."x,y",b.not.eq.true)', 'or=(a.eq."x,y",b.not.eq."true")'],
  ["other.or=(a.eq.1)", 'other.or=(a.eq."1")'],
])("the conditions of %s are text", (query, expected) => {
  expect(literal(query)).toBe(expected);
});

test.each([
  ['or=(a.like."x,*",b.eq.1)', 'or=(a.like.NAME,b.eq."1")', "x,%"],
  ['and=(a.eq."x\\"y")', "and=(a.eq.NAME)", 'x"y'],
  ['and=(a.not.neq."(")', "and=(a.not.neq.NAME)", "("],
  ['or=(a.in.("x)",y),b.is.null)', 'or=(a.in.(NAME,"y"),b.is.null)', "x)"],
  ['or=(a.cs.{"}"})', "or=(a.cs.{NAME})", "}"],
  ['or=(a.fts."x y")', "or=(a.fts.NAME)", "x y"],
])("the awkward value of %s goes by a name, and comes back", (query, expected, value) => {
  const literals: Literals = new Map();
  const rewritten = literal(query, "things", literals);
  const [name = ""] = literals.keys();
  expect([rewritten.replace(name, "NAME"), literals.get(name), literals.size]).toEqual([expected, value, 1]);
  const tree = { where: { $or: [{ a: { $eq: name } }, { a: { $in: [name, 1, null] } }] }, limit: 1 };
  expect(withLiterals(tree, literals)).toEqual({
    where: { $or: [{ a: { $eq: value } }, { a: { $in: [value, 1, null] } }] },
    limit: 1,
  });
});

test.each(["select=a,b:c->d", "order=a.desc", "limit=5&offset=1", "on_conflict=a,b", "columns=a", "other.order=a.asc"])(
  "%s is no filter",
  (query) => {
    expect(literal(query)).toBe(query);
  },
);

test.each(["a=is.null", "a=is.true", "a=fts.cat", "a=sl.[1,2]", "a=like.*x*", "a=unknown.1", "a=1"])(
  "%s stays, which lite reads rightly or refuses",
  (query) => {
    expect(literal(query)).toBe(query);
  },
);

test("an argument of a function is text too", () => {
  expect(literal("a=1.00&b=eq.2", "rpc/add")).toBe('a="1.00"&b=eq."2"');
});

test("a request without filters is passed on as it is", () => {
  const request = new Request("http://localhost/rest/v1/things?select=a");
  expect(withLiteralFilters(request, new Map())).toBe(request);
});

test("method, headers and body stay with the request", async () => {
  const request = new Request("http://localhost/rest/v1/things?a=eq.1", {
    method: "PATCH",
    headers: { prefer: "return=minimal" },
    body: '{"a":2}',
  });
  const literal = withLiteralFilters(request, new Map());
  expect(literal.method).toBe("PATCH");
  expect(literal.headers.get("prefer")).toBe("return=minimal");
  expect(await literal.text()).toBe('{"a":2}');
});
