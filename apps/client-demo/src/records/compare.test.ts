import { expect, test } from "vitest";
import type { SeenRequest } from "../counting-proxy/seen-request.ts";
import { compare, type RecordedOperation } from "./compare.ts";

const request: SeenRequest = {
  method: "POST",
  path: "/rest/v1/airports",
  type: "create",
  table: "airports",
  userId: "u1",
  key: "publishable",
  requestId: "r1",
  status: "success",
};
const record: RecordedOperation = {
  operation_id: "o1",
  operation_type: "create",
  table_name: "airports",
  status: "success",
  user_id: "u1",
  request_id: "r1",
  error_message: null,
};
const unknown = { ...record, status: "error", error_message: "OUTCOME_UNKNOWN: the process ended first" };

test("as many records as requests, in any order: no difference", () => {
  const other = { ...request, requestId: "r2", status: "error" as const };
  const itsRecord = { ...record, operation_id: "o2", request_id: "r2", status: "error" };
  expect(compare([request, other, request], [itsRecord, record, record])).toEqual([]);
});

test.each([
  ["type", { operation_type: "update" }],
  ["table", { table_name: "routes" }],
  ["status", { status: "error" }],
  ["still pending", { status: "pending" }],
  ["user", { user_id: null }],
  ["request id", { request_id: "r2" }],
])("a record with another %s is a difference", (_, wrong) => {
  const differences = compare([request], [{ ...record, ...wrong }]);
  expect(differences.length).toBeGreaterThan(0);
  expect(differences[0]).toMatch(/no record .*POST \/rest\/v1\/airports/);
});

test("a request without a record, and a record twice", () => {
  expect(compare([request], [])).toHaveLength(1);
  expect(compare([request], [record, { ...record, operation_id: "o2" }])).toEqual([
    expect.stringMatching(/a record without a request: .*operation o2/),
  ]);
});

test("a request that the proxy cannot classify never matches", () => {
  expect(compare([{ ...request, type: "unclassified" }], [record])).toHaveLength(2);
});

test("an unanswered request is recorded as an error or a timeout, never as a success", () => {
  const unanswered: SeenRequest = { ...request, status: "unanswered" };
  expect(compare([unanswered], [{ ...record, status: "timeout" }])).toEqual([]);
  expect(compare([unanswered], [{ ...record, status: "error" }])).toEqual([]);
  expect(compare([unanswered], [record])).toHaveLength(2);
});

test("an unanswered request does not take the record of one that failed", () => {
  const failed = { ...request, status: "error" as const };
  const unanswered = { ...request, status: "unanswered" as const };
  const records = [
    { ...record, status: "error" },
    { ...record, operation_id: "o2", status: "timeout" },
  ];
  expect(compare([unanswered, failed], records)).toEqual([]);
});

test("a lost outcome is accepted only of calls that the crash interrupted", () => {
  expect(compare([request], [unknown])).toHaveLength(2);
  expect(compare([request], [unknown], { interrupted: new Set(["r1"]) })).toEqual([]);
  expect(compare([request], [{ ...unknown, error_message: "refused" }], { interrupted: new Set(["r1"]) })).toHaveLength(
    2,
  );
});

test("an intent whose request never left is accepted only of interrupted calls, and only as unknown", () => {
  expect(compare([], [unknown])).toHaveLength(1);
  expect(compare([], [unknown], { interrupted: new Set(["r1"]) })).toEqual([]);
  expect(compare([], [record], { interrupted: new Set(["r1"]) })).toHaveLength(1);
});

test("a call under a key alone is recorded for its caller or for nobody, never for somebody else", () => {
  const underKey: SeenRequest = { ...request, userId: null, key: "secret" };
  const callerOf = (requestId: string) => (requestId === "r1" ? "u1" : undefined);
  expect(compare([underKey], [record], { callerOf })).toEqual([]);
  expect(compare([underKey], [{ ...record, user_id: null }], { callerOf })).toEqual([]);
  expect(compare([underKey], [{ ...record, user_id: "u2" }], { callerOf })).toHaveLength(2);
  expect(compare([request], [{ ...record, user_id: null }], { callerOf })).toHaveLength(2);
});

test("a lost outcome does not take the place of a known one", () => {
  const failed = { ...request, status: "error" as const };
  const refused = { ...record, operation_id: "o2", status: "error", error_message: "23505: duplicate key" };
  const interrupted = new Set(["r1"]);
  expect(compare([failed, request], [unknown, refused], { interrupted })).toEqual([]);
  expect(compare([failed], [unknown])).toHaveLength(2);
  expect(compare([{ ...request, status: "unanswered" }], [unknown], { interrupted })).toEqual([]);
});
