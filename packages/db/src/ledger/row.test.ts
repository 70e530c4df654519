import { expect, test } from "vitest";
import {
  admitBody,
  clientTextOf,
  headOf,
  intentParts,
  operationIdOf,
  outcomeRow,
  pendingRow,
  splitIntent,
  withClient,
  withoutBodies,
} from "./row.ts";
import { sampleIntent, sampleOutcome } from "./testing/sample.ts";

const nasty = 'a "quoted", \\ name,"query_data": \u0000\uD800 \n é 😀';

test("rows are JSON with every column, whatever the names hold", () => {
  const intent = sampleIntent({ table_name: nasty, request_id: nasty, user_id: "u" });
  const outcome = sampleOutcome({ status: "error", error_message: nasty, response_data: null });
  const row: unknown = JSON.parse(outcomeRow(headOf(intent), '{"a":1}', outcome));
  const clean = nasty.replace("\u0000", "\uFFFD").replace("\uD800", "\uFFFD");
  expect(row).toEqual({
    ...intent,
    ...outcome,
    table_name: clean,
    request_id: clean,
    error_message: clean,
    query_data: { a: 1 },
    response_data: null,
  });
  expect(JSON.parse(pendingRow(headOf(intent), "null"))).toMatchObject({
    status: "pending",
    attempts: 0,
    query_data: null,
  });
});

test("an intent is taken apart where its query begins, whatever the names and the query hold", () => {
  const head = headOf(sampleIntent({ table_name: nasty }));
  const query = '{"a":",\\"query_data\\":","query_data":{"x":1,"query_data":2}}';
  expect(splitIntent(intentParts(head, query).join(""))).toEqual({ head, query });
  expect(splitIntent("{}")).toBeUndefined();
});

test("a body that the database or the journal cannot hold is replaced by the reason", () => {
  expect(admitBody(null)).toBe("null");
  expect(admitBody('{"a":\n[1,\r\n2]}')).toBe('{"a": [1,  2]}');
  expect(JSON.parse(admitBody('{"a":"x\\u0000"}'))).toEqual({
    dropped: expect.stringContaining("NUL"),
    characters: 15,
  });
  expect(JSON.parse(admitBody(`"${"x".repeat(200_000)}"`))).toEqual({
    dropped: expect.stringContaining("larger"),
    characters: 200_002,
  });
  // An escaped backslash before u0000 is no NUL.
  expect(admitBody(String.raw`{"a":"\\u0000"}`)).toBe(String.raw`{"a":"\\u0000"}`);
  expect(admitBody(String.raw`{"a":"\\\u0000"}`)).toContain("dropped");
});

test("a refused row is saved by leaving out as little as possible", () => {
  const row = outcomeRow(headOf(sampleIntent()), '{"q":1}', sampleOutcome({ response_data: '{"r":1}' }));
  const ways = withoutBodies(row, "why").map((way): unknown => JSON.parse(way));
  const note = { dropped: "why", characters: expect.any(Number) };
  expect(ways).toMatchObject([
    { query_data: { q: 1 }, response_data: note },
    { query_data: note, response_data: { r: 1 } },
    { query_data: note, response_data: note },
  ]);
  const broken = outcomeRow(headOf(sampleIntent()), "{oops", sampleOutcome());
  expect(withoutBodies(broken, "why").map((way): unknown => JSON.parse(way))).toMatchObject([
    { query_data: note, response_data: note },
  ]);
});

test("identifier and client are found at their place, and a row takes another client", () => {
  const intent = sampleIntent({ client_id: 'höst "1"/anon' });
  const bytes = Buffer.from(intentParts(headOf(intent), "null").join(""));
  expect(operationIdOf(bytes)).toBe(intent.operation_id);
  expect(JSON.parse(clientTextOf(bytes))).toBe(intent.client_id);
  const expected: unknown = { ...intent, client_id: "neu/anon", query_data: null };
  expect(JSON.parse(withClient(bytes, "neu/anon").toString())).toEqual(expected);
});
