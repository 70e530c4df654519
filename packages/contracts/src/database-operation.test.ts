import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  databaseOperationCreateSchema as create,
  databaseOperationFilterSchema as filter,
  databaseOperationOutputSchema as output,
  databaseOperationSchema as row,
  databaseOperationUpdateSchema as update,
} from "./database-operation.ts";
import { databaseOperationRows } from "./testing/arbitraries.ts";
import { expectIssue, type Rejection, without } from "./testing/expect-issue.ts";

const id = "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e";
const stored = {
  operation_id: id,
  client_id: "web-1/anon",
  operation_type: "read",
  table_name: "airports",
  query_data: { select: "*" },
  response_data: [{ iata: "ZRH" }],
  status: "success",
  error_message: null,
  execution_time_ms: 3,
  created_at: "2026-11-22T10:00:00.123456+00:00",
  completed_at: "2026-11-22T10:00:00.123457+00:00",
  user_id: "4f9c0f0e-7f6b-4d0e-9a55-0d2f1b7e6a11",
  request_id: "req-1",
  session_id: null,
  model_id: null,
  schema_version: null,
  attempts: 1,
};
const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));

describe("databaseOperationSchema", () => {
  it("takes every row that the table can hold, and what it made again", () => {
    fc.assert(
      fc.property(databaseOperationRows, (operation) => {
        expect(row.parse(operation)).toEqual(operation);
      }),
    );
  });

  it.each(Object.keys(stored))("requires %s: a row has every column", (field) => {
    expectIssue(row, without(stored, field), field, /./);
  });

  it.each<Rejection>([
    ["the type's values", { operation_type: "upsert" }, "operation_type", /create, read, update, delete or real_time/],
    ["the status's values", { status: "done" }, "status", /pending, success, error or timeout/],
    ["a table name", { table_name: "" }, "table_name", /must not be empty/],
    ["an identifier as table name", { table_name: "my table" }, "table_name", /double quotes/],
    ["a positive time", { execution_time_ms: 0 }, "execution_time_ms", /positive whole number/],
    ["a whole time", { execution_time_ms: 1.5 }, "execution_time_ms", /positive whole number/],
    ["a time that Postgres holds", { execution_time_ms: 2 ** 31 }, "execution_time_ms", /at most/],
    ["completed after created", { completed_at: stored.created_at }, "completed_at", /must be after created_at/],
    ["completed not before created", { completed_at: "2026-11-22T10:00:00.1+00:00" }, "completed_at", /must be after/],
    ["pending is not completed", { status: "pending" }, "completed_at", /null while status is pending/],
    ["an outcome is completed", { completed_at: null }, "completed_at", /set once it is success/],
    ["an error says what failed", { status: "error" }, "error_message", /what failed/],
    ["the id's form", { operation_id: "1" }, "operation_id", /UUID/],
    ["the session's form", { session_id: "1" }, "session_id", /UUID/],
    ["the model's form", { model_id: "1" }, "model_id", /UUID/],
    ["the version's form", { schema_version: "1.0" }, "schema_version", /semantic versioning/],
    ["attempts ≥ 0", { attempts: -1 }, "attempts", /0 or more/],
    ["a user", { user_id: "" }, "user_id", /must not be empty/],
    ["a request id", { request_id: " " }, "request_id", /must not be empty/],
    ["JSON as query", { query_data: { at: new Date() } }, "query_data.at", /must be a JSON value/],
    ["storable text as message", { error_message: "a\u0000b" }, "error_message", /NUL/],
  ])("holds %s", (_rule, changes, path, message) => expectIssue(row, { ...stored, ...changes }, path, message));

  it("takes a captured body however deep it is nested", () => {
    expect(row.safeParse({ ...stored, response_data: nested(8_192) }).success).toBe(true);
  });
});

describe("databaseOperationCreateSchema", () => {
  const { operation_id, client_id, operation_type, table_name, created_at } = stored;
  const intent = { operation_id, client_id, operation_type, table_name, created_at };

  it("takes an intent and leaves what is not known null", () => {
    const nothing = {
      query_data: null,
      user_id: null,
      request_id: null,
      session_id: null,
      model_id: null,
      schema_version: null,
    };
    expect(create.parse(intent)).toEqual({ ...intent, ...nothing });
  });

  it("refuses an id without order, and an outcome", () => {
    expectIssue(create, { ...intent, operation_id: "4f9c0f0e-7f6b-4d0e-9a55-0d2f1b7e6a11" }, "operation_id", /UUIDv7/);
    expectIssue(create, { ...intent, status: "success" }, "", /status/);
  });
});

describe("databaseOperationUpdateSchema", () => {
  const ending = { completed_at: stored.completed_at, execution_time_ms: 3, attempts: 1 };

  it("takes the three outcomes with what belongs to each", () => {
    expect(update.parse({ ...ending, status: "success", response_data: [] })).toMatchObject({ response_data: [] });
    expect(update.parse({ ...ending, status: "error", error_message: "no" })).toMatchObject({ response_data: null });
    expect(update.parse({ ...ending, status: "timeout" })).toMatchObject({ error_message: null });
  });

  it("refuses pending, an error without a message and a success without a response", () => {
    expectIssue(update, { ...ending, status: "pending" }, "status", /success, error or timeout/);
    expectIssue(update, { ...ending, status: "error" }, "error_message", /must be a string/);
    expectIssue(update, { ...ending, status: "error", error_message: "" }, "error_message", /empty/);
    expectIssue(update, { ...ending, status: "success" }, "response_data", /must be a JSON value/);
    expectIssue(update, { ...ending, status: "timeout", execution_time_ms: 0 }, "execution_time_ms", /positive/);
  });
});

describe("databaseOperationFilterSchema", () => {
  it("takes every indexed field, a range of time and a cursor", () => {
    const all = {
      client_id: "web-1/anon",
      operation_type: "read",
      table_name: "airports",
      status: "error",
      user_id: "u",
      request_id: "r",
      session_id: id,
      model_id: id,
      created_from: "2026-11-22T10:00:00Z",
      created_before: "2026-11-22T10:00:00.000001Z",
      cursor: id,
      limit: 1,
    };
    expect(filter.parse(all)).toEqual(all);
    expect(filter.parse({})).toEqual({ limit: 50 });
  });

  it("refuses an empty range, a cursor that is none and a page too large", () => {
    const from = "2026-11-22T10:00:00Z";
    expectIssue(filter, { created_from: from, created_before: from }, "created_before", /after created_from/);
    expectIssue(filter, { cursor: "abc" }, "cursor", /UUID/);
    expectIssue(filter, { limit: 1000 }, "limit", /at most 200/);
    expectIssue(filter, { table: "x" }, "", /table/);
  });
});

describe("databaseOperationOutputSchema", () => {
  it("has every column, and drops what a later version adds", () => {
    expect(output.parse({ ...stored, token_hash: "x" })).toEqual(stored);
  });
});
