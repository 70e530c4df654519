import fc from "fast-check";
import { expect, it } from "vitest";
import { countRows, redactJson } from "./redact-json.ts";
import { isSecretName, REDACTED } from "./redaction.ts";

const redact = (text: string) => redactJson(text, isSecretName);

it("replaces values of secret keys at any depth and leaves the rest byte for byte", () => {
  const text =
    '[ {"id":12345678901234567890, "api_key" : "a\\"b}", "in":{"token":{"a":[1,"}"]},"n":1.10}}, {"otp":123} ]';
  expect(redact(text)).toBe(
    `[ {"id":12345678901234567890, "api_key" : "${REDACTED}", "in":{"token":"${REDACTED}","n":1.10}}, {"otp":"${REDACTED}"} ]`,
  );
});

it("keeps null, which says nothing", () => {
  expect(redact('{"password":null,"token":"x"}')).toBe(`{"password":null,"token":"${REDACTED}"}`);
});

it("reads keys that are spelt with escapes", () => {
  expect(redact(String.raw`{"\u0070assword":"x"}`)).toBe(String.raw`{"\u0070assword":"` + `${REDACTED}"}`);
});

it("takes no value for a key", () => {
  expect(redact('["password","x",{"a":"token"}]')).toBe('["password","x",{"a":"token"}]');
});

it("redacts a value that is cut off", () => {
  expect(redact('[{"id":1,"api_key":"abc')).toBe(`[{"id":1,"api_key":"${REDACTED}"`);
  expect(redact('[{"token":{"a":1')).toBe(`[{"token":"${REDACTED}"`);
});

it("looks into strings that hold JSON, whole or cut off", () => {
  const inner = JSON.stringify({ id: 1, token: "x", in: JSON.stringify([{ api_key: "y" }]) });
  const clean = JSON.stringify({ id: 1, token: REDACTED, in: JSON.stringify([{ api_key: REDACTED }]) });
  const text = JSON.stringify([{ payload: inner, note: 'say "token": no' }, inner]);
  expect(redact(text)).toBe(JSON.stringify([{ payload: clean, note: 'say "token": no' }, clean]));
  expect(redact(String.raw`[{"payload":"{\"token\":\"abc`)).not.toContain("abc");
  expect(redact(String.raw`[{"payload":"{\"token\":\"abc\u00`)).not.toContain("abc");
});

it("tells what it replaced", () => {
  const found: string[] = [];
  redactJson('{"otp":123,"a":{"key":"x"}}', isSecretName, (value) => found.push(value));
  expect(found).toEqual(["123", '"x"']);
});

const blind = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(blind);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, isSecretName(key) && inner !== null ? REDACTED : blind(inner)]),
  );
};

it("equals what a walk over the parsed document would give", () => {
  const key = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("api_key", "token", "name", "pass\\word", 'se"cret'),
  );
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: "binary" }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constant(null),
      fc.array(tie("document")),
      fc.dictionary(key, tie("document"), { noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(document, fc.constantFrom(undefined, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      expect(JSON.parse(redact(text))).toEqual(JSON.parse(JSON.stringify(blind(JSON.parse(text)))));
    }),
  );
});

it("counts the rows of an array", () => {
  expect(countRows("[]", 100)).toBe(0);
  expect(countRows(' [ {"a":[1,2]} , "x,y" , 3 ] ', 100)).toBe(3);
  expect(countRows('{"a":1}', 100)).toBeNull();
  expect(countRows('[{"a":1},', 100)).toBeNull();
  expect(countRows("[1,2,3]", 3)).toBeNull();
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (rows) => {
      expect(countRows(JSON.stringify(rows), 1e6)).toBe(rows.length);
    }),
  );
});
