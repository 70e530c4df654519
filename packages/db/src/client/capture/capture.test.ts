import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify } from "../classify/classify.ts";
import { createCapture } from "./capture.ts";
import { parseSearch } from "./redact-search.ts";
import { createRedaction, REDACTED } from "./redaction.ts";

const listed = createCapture(createRedaction(["ssn", "patients.diagnosis"]), 1000);
const listedWhole = createCapture(createRedaction(["vault.*"]), 1000);

const isHidden = (name: string): boolean => createRedaction(["ssn"]).secretsOf("users", "alone").holds(name);

interface Given {
  method?: string;
  path?: string;
  query?: string;
  prefer?: string;
  body?: string | number;
}

function captured(
  { method = "GET", path = "/rest/v1/users", query = "", prefer, body }: Given,
  answer = "[]",
  range?: string,
  capture = listed,
) {
  const kind = classify({ method, path, headers: new Map(prefer === undefined ? [] : [["prefer", prefer]]) });
  const isData = kind.service === "rest" || kind.service === "rpc";
  const { query_data, rules } = capture.request({
    kind,
    method,
    path: isData ? null : path,
    search: parseSearch(query),
    prefer: prefer ?? null,
    body: body ?? null,
  });
  const response_data = capture.response(kind, answer, Buffer.byteLength(answer), range, rules);
  for (const text of [query_data, response_data]) expect(text).not.toMatch(/[\r\n]/);
  const parsed: { query: unknown; response: unknown } = {
    query: JSON.parse(query_data),
    response: JSON.parse(response_data),
  };
  return { ...parsed, response_data };
}

describe("a request", () => {
  it("keeps method, search, prefer and body", () => {
    const given = {
      method: "POST",
      query: "select=id&on_conflict=id&age=gt.1&age=lt.9",
      prefer: "resolution=merge-duplicates",
      body: '[{"id":1}]',
    };
    expect(captured(given).query).toEqual({
      method: "POST",
      search: { select: "id", on_conflict: "id", age: ["gt.1", "lt.9"] },
      prefer: "resolution=merge-duplicates",
      upsert: true,
      body: [{ id: 1 }],
    });
  });
  it("redacts secret columns, whatever the body's numbers", () => {
    const body = '{"id":12345678901234567890,"password":"hunter2","ssn":[1,2]}';
    const kind = classify({ method: "POST", path: "/rest/v1/users", headers: new Map() });
    const { query_data } = listed.request({ kind, method: "POST", path: null, search: [], prefer: null, body });
    expect(query_data).toBe(
      `{"method":"POST","body":{"id":12345678901234567890,"password":"${REDACTED}","ssn":"${REDACTED}"}}`,
    );
  });
  it("keeps only the length of auth, file and function bodies", () => {
    expect(captured({ method: "POST", path: "/auth/v1/token", body: '{"password":"x"}' }).query).toEqual({
      method: "POST",
      path: "/auth/v1/token",
      bytes: 16,
    });
    expect(captured({ method: "POST", path: "/storage/v1/object/b/x", body: 12 }).query).toMatchObject({ bytes: 12 });
    expect(captured({ method: "POST", path: "/functions/v1/f", body: "{}" }).query).toMatchObject({ bytes: 2 });
  });
  it("cuts a body beyond the limit to its size, rows and beginning", () => {
    const body = JSON.stringify(
      Array.from({ length: 100 }, (_, id) => ({ api_key: `sk_${id}`, name: "x".repeat(10) })),
    );
    const { query } = captured({ method: "POST", body });
    expect(query).toMatchObject({ body: { truncated: true, bytes: body.length, rows: 100 } });
    expect(JSON.stringify(query)).not.toContain("sk_");
    expect(JSON.stringify(query)).toContain("xxxxxxxxxx");
  });
  it("takes a body of exactly the limit whole", () => {
    const body = JSON.stringify("x".repeat(998));
    expect(captured({ method: "POST", body }).query).toMatchObject({ body: "x".repeat(998) });
    expect(captured({ method: "POST", body: JSON.stringify("x".repeat(999)) }).query).toMatchObject({
      body: { truncated: true },
    });
    expect(captured({ method: "POST", body: JSON.stringify("é".repeat(500)) }).query).toMatchObject({
      body: { truncated: true, bytes: 1002 },
    });
  });
  it("cuts a search, a path and a header beyond it too", () => {
    const query = `api_key=eq.sk_live&id=in.(${"12345,".repeat(30_000)})`;
    const cut = captured({ query }).query;
    expect(cut).toMatchObject({
      search: {
        truncated: true,
        bytes: expect.any(Number),
        preview: expect.stringMatching(/^\{"api_key":"\[redacted/),
      },
    });
    expect(JSON.stringify(cut).length).toBeLessThan(1500);
    const path = `/storage/v1/object/b/${"x".repeat(50_000)}`;
    expect(JSON.stringify(captured({ path, prefer: "x".repeat(50_000) }).query).length).toBeLessThan(10_000);
  });
  it("counts a search in bytes", () => {
    const query = (letter: string) => captured({ query: `a=${letter.repeat(500)}` }).query;
    expect(query("e")).toMatchObject({ search: { a: "e".repeat(500) } });
    expect(query("é")).toMatchObject({ search: { truncated: true, bytes: '{"a":""}'.length + 1000 } });
  });
  it("keeps no preview that is longer than the limit", () => {
    const none = createCapture(createRedaction(), 0);
    const given = { method: "POST", query: "name=eq.Joe", body: '{"name":"Joe"}' };
    const { query, response } = captured(given, '[{"name":"Joe"}]', undefined, none);
    expect(query).toMatchObject({ body: { truncated: true, preview: "" }, search: { truncated: true, preview: "" } });
    expect(response).toEqual({ truncated: true, bytes: 16, rows: 1, preview: "" });
  });
  it("says that it replaced what jsonb refuses", () => {
    const { query } = captured({ method: "POST", body: String.raw`{"a":"x\u0000y"}` });
    expect(query).toEqual({ method: "POST", body: { a: "x\uFFFDy" }, characters_replaced: true });
  });
  it("keeps a body that is no JSON as text, unless it may hold a secret", () => {
    expect(captured({ method: "POST", body: "id,name\n1,Joe" }).query).toMatchObject({ body: "id,name\n1,Joe" });
    expect(captured({ method: "POST", body: "id,api_key\n1,x" }).query).toMatchObject({ body: REDACTED });
    expect(captured({ method: "POST", body: "id,ssn\n1,123-45" }).query).toMatchObject({ body: REDACTED });
    const long = `"id","api_key"\n${'"1","sk_live"\n'.repeat(100)}`;
    expect(JSON.stringify(captured({ method: "POST", body: long }).query)).not.toContain("sk_live");
    expect(captured({ method: "POST", body: '[],"user_id":"x","y":[]' }).query).toMatchObject({
      body: '[],"user_id":"x","y":[]',
    });
  });
  it("hides the arguments of a function whose name says that it takes a secret", () => {
    const path = "/rest/v1/rpc/change_password";
    const posted = captured({ method: "POST", path, body: '{"was":"hunter1","is":"hunter2"}' });
    expect(posted.query).toEqual({ method: "POST", body: REDACTED, bytes: 32 });
    expect(captured({ path, query: "was=hunter1" }).query).toEqual({ method: "GET", search: { was: REDACTED } });
  });
  it("hides every value of a table listed whole", () => {
    const { query, response } = captured(
      { method: "POST", path: "/rest/v1/vault", query: "name=eq.x", body: '{"a":"b"}' },
      '[{"a":"b"}]',
      undefined,
      listedWhole,
    );
    expect(query).toEqual({ method: "POST", search: { name: REDACTED }, body: REDACTED, bytes: 9 });
    expect(response).toEqual({ redacted: true, bytes: 11 });
  });
});

describe("a table listed whole", () => {
  it("stays hidden when it embeds others, and when others embed it by whatever name", () => {
    const answer = '[{"x":[{"a":"top"}]}]';
    const queries = ["select=*,vault(*)", "select=x:vault_id(*)", "select=*,...vault(a)"];
    for (const query of queries)
      expect(captured({ query }, answer, undefined, listedWhole).response).toMatchObject({ redacted: true });
    const own = captured(
      { path: "/rest/v1/vault", query: "select=*,users(*)" },
      '[{"a":"top"}]',
      undefined,
      listedWhole,
    );
    expect(own.response).toMatchObject({ redacted: true });
  });
});

describe("an answer", () => {
  it("is embedded as it came", () => {
    expect(captured({}, '[{"n":1.10,"big":12345678901234567890}]').response_data).toBe(
      '[{"n":1.10,"big":12345678901234567890}]',
    );
  });
  it("loses secret columns, and those renamed by the select", () => {
    const query = "select=id,x:api_key,owner:staff(y:ssn)";
    const answer = '[{"id":1,"x":"sk","api_key":"sk","owner":{"y":"1"}}]';
    expect(captured({ query }, answer).response).toEqual([
      { id: 1, x: REDACTED, api_key: REDACTED, owner: { y: REDACTED } },
    ]);
  });
  it("loses every secret value, whatever its key is made of", () => {
    const parts = fc.constantFrom(..."to|To|ken|KEYS|k|ey|ssn|pass|word|_|x|ü|otp|:|{".split("|"), '"', "\\");
    const key = fc.array(parts, { minLength: 1, maxLength: 4 }).map((some) => some.join(""));
    const rows = fc.array(fc.dictionary(key, fc.constant("v")), { maxLength: 3 });
    const run = fc.property(rows, (given) => {
      const hidden = given.map((row) =>
        Object.fromEntries(Object.keys(row).map((name) => [name, isHidden(name) ? REDACTED : "v"])),
      );
      // as text: JSON.parse of Node 24.21 takes a key of one escaped character for its backslash
      expect(captured({}, JSON.stringify(given)).response_data).toBe(JSON.stringify(hidden));
    });
    fc.assert(run, { numRuns: 1000 });
  });
  it("loses another table's listed column when that table comes along", () => {
    const answer = '[{"patients":{"diagnosis":"flu"}}]';
    expect(captured({ query: "select=*,patients(diagnosis)" }, answer).response).toEqual([
      { patients: { diagnosis: REDACTED } },
    ]);
    expect(captured({ query: "select=*" }, '[{"diagnosis":"roof leaks"}]').response).toEqual([
      { diagnosis: "roof leaks" },
    ]);
  });
  it("is hidden whole when the function's name says that it hands out a secret", () => {
    const rotated = captured({ method: "POST", path: "/rest/v1/rpc/rotate_api_key", body: "{}" }, '"sk_live"');
    expect(rotated.response).toEqual({ redacted: true, bytes: 9 });
  });
  it("beyond the limit keeps size, rows and a redacted beginning", () => {
    const answer = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, token: `tok_${id}` })));
    const { response } = captured({}, answer, "0-299/*");
    expect(response).toMatchObject({ truncated: true, bytes: answer.length, rows: 300 });
    expect(JSON.stringify(response)).not.toContain("tok_");
  });
  it("as CSV or a plan is kept, unless a secret may be in it", () => {
    expect(captured({}, "id,name\n1,Joe").response).toBe("id,name\n1,Joe");
    expect(captured({}, "id,api_key\n1,x").response).toBe(REDACTED);
    expect(captured({ query: "api_key=eq.sk_live" }, "Seq Scan on users").response).toBe(REDACTED);
  });
  it("says that it replaced what jsonb refuses", () => {
    expect(captured({}, String.raw`{"a":"\u0000"}`).response).toEqual({
      characters_replaced: true,
      body: { a: "\uFFFD" },
    });
  });
  it("of a signing, an auth call or a function keeps its length", () => {
    for (const path of ["/storage/v1/object/sign/b/x", "/auth/v1/token", "/functions/v1/f"]) {
      expect(captured({ method: "POST", path, body: "{}" }, '{"signedURL":"/x?token=y"}').response).toEqual({
        bytes: 26,
      });
    }
  });
});

describe("an error", () => {
  const details = (text: string) => JSON.stringify({ code: "23505", message: "no", details: text });
  it("does not repeat a secret column's value", () => {
    const answer = details("Key (tenant, api_key)=(1, sk_live) already exists.");
    expect(JSON.stringify(captured({ method: "POST", body: "{}" }, answer).response)).not.toContain("sk_live");
    const harmless = details("Key (code)=(LAX) already exists.");
    expect(JSON.stringify(captured({ method: "POST", body: "{}" }, harmless).response)).toContain("(LAX)");
  });
  it("does not repeat it where the index is on an expression, or the value holds brackets", () => {
    for (const text of [
      "Key (lower(api_key))=(sk_live) already exists.",
      "Key ((data ->> 'api_key'::text))=(sk_live) already exists.",
      "Key (api_key)=(a) sk_live) already exists.",
      "Key (api_key)=(sk_live) conflicts with existing key (api_key)=(sk_live).",
    ]) {
      expect(JSON.stringify(captured({ method: "POST", body: "{}" }, details(text)).response)).not.toContain("sk_live");
    }
  });
  it("does not repeat a failing row", () => {
    const answer = details('Failing row contains (1, "a) b", sk_live, null).');
    expect(JSON.stringify(captured({ method: "PATCH", body: "{}" }, answer).response)).not.toContain("sk_live");
  });
  it("does not repeat a secret that the request sent", () => {
    const answer = JSON.stringify({ code: "22P02", message: 'invalid input syntax for type uuid: "hunter2"' });
    expect(JSON.stringify(captured({ method: "POST", body: '{"password":"hunter2"}' }, answer).response)).not.toContain(
      "hunter2",
    );
    expect(JSON.stringify(captured({ query: "api_key=eq.hunter2" }, answer).response)).not.toContain("hunter2");
  });
  it("does not repeat one that escapes spell another way, stands in a list, or lies beyond the preview", () => {
    const repeats = (value: string) =>
      JSON.stringify({ code: "22P02", message: `invalid input syntax for type uuid: "${value}"` });
    const hides = (given: Given, value: string) =>
      expect(JSON.stringify(captured(given, repeats(value)).response)).not.toContain(
        JSON.stringify(value).slice(1, -1),
      );
    hides({ query: 'api_key=eq.hun"ter' }, 'hun"ter');
    hides({ query: "api_key=in.(hunter1,hunter2)" }, "hunter2");
    hides({ query: "api_key=eq(any).{hunter1,hunter2}" }, "hunter2");
    hides({ method: "POST", body: '{"tokens":["hunter1","hunter2"]}' }, "hunter2");
    hides({ method: "POST", body: JSON.stringify({ password: 'hun"ter' }) }, 'hun"ter');
    const many = Array.from({ length: 700 }, (_, id) => ({ token: `hunter${id}` }));
    hides({ method: "POST", body: JSON.stringify(many) }, "hunter699");
    hides({ method: "POST", body: "id,token\n1,hunter2" }, "hunter2");
  });
});

it.each([
  [{ method: "POST", body: '{"key":1234}' }, '[{"key":1234,"id":1234}]'],
  [{ method: "POST", body: '{"otp":true}' }, '[{"active":true}]'],
  [{ query: 'api_key=eq.":"' }, '[{"a":"b"},{"c":":"}]'],
  [{ query: "api_key=eq.},{" }, '[{"a":1},{"b":2}]'],
  [{ query: 'api_key=eq."a"' }, '[{"a":"b"}]'],
])("a secret that looks like JSON leaves the record whole: %o", (given, answer) => {
  // captured parses what comes of it
  expect(captured(given, answer).response).toHaveLength(JSON.parse(answer).length);
});
