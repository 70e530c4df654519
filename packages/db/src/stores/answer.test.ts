import { createServer } from "node:net";
import { createClient } from "@supabase/supabase-js";
import { describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { openTransport } from "../client/index.ts";
import type { Database } from "../database.types.ts";
import { rejection } from "../testing/plain-clients.ts";
import { untrackedFetch } from "../untracked-fetch.ts";
import { rowsOf, storeError } from "./answer.ts";
import { createClientStore } from "./clients.ts";

const failed = (code: string, status: number, message = "said by Postgres", details = "") => ({
  data: null,
  error: { code, message, details },
  status,
});

describe("an error's code", () => {
  test.each([
    ["23505", 409, "UNIQUE_VIOLATION"],
    ["23503", 409, "FOREIGN_KEY_VIOLATION"],
    ["23514", 400, "CHECK_VIOLATION"],
    ["22P02", 400, "INVALID_VALUE"],
    ["42501", 403, "RLS_DENIED"],
    ["42P01", 404, "UNKNOWN_TABLE"],
    ["57014", 500, "OPERATION_TIMEOUT"],
    ["57P03", 503, "SUPABASE_UNREACHABLE"],
    ["08006", 503, "SUPABASE_UNREACHABLE"],
    ["40001", 500, "CONFLICT"],
    ["PGRST205", 404, "UNKNOWN_TABLE"],
    ["PGRST301", 401, "TOKEN_INVALID"],
    ["", 0, "SUPABASE_UNREACHABLE"],
    ["", 502, "SUPABASE_UNREACHABLE"],
    ["", 521, "SUPABASE_UNREACHABLE"],
    ["", 401, "SUPABASE_ERROR"],
    ["", 403, "FORBIDDEN"],
    ["", 413, "PAYLOAD_TOO_LARGE"],
    ["", 414, "PAYLOAD_TOO_LARGE"],
    ["", 431, "PAYLOAD_TOO_LARGE"],
    ["", 429, "RATE_LIMITED"],
    ["", 500, "SUPABASE_ERROR"],
    ["XX000", 500, "SUPABASE_ERROR"],
    ["P0001", 400, "CHECK_VIOLATION"],
    ["ZZ401", 400, "CHECK_VIOLATION"],
    ["PT402", 402, "CHECK_VIOLATION"],
    ["PT403", 403, "FORBIDDEN"],
    ["PT503", 503, "SUPABASE_UNREACHABLE"],
    ["PT500", 500, "SUPABASE_ERROR"],
    ["42601", 400, "SUPABASE_ERROR"],
    ["HV000", 400, "SUPABASE_ERROR"],
  ])("%j with status %i is %s", (said, status, code) => {
    expect(storeError("Reading", failed(said, status))).toMatchObject({ code });
  });

  test.each([
    ["OPERATION_TIMEOUT", "OPERATION_TIMEOUT"],
    ["CLIENT_DISCONNECTED", "CLIENT_DISCONNECTED"],
    ["TRANSPORT_BUSY", "TRANSPORT_BUSY"],
    ["RESPONSE_TOO_LARGE", "PAYLOAD_TOO_LARGE"],
    ["LEDGER_FULL", "LEDGER_FULL"],
    ["SHUTTING_DOWN", "SHUTTING_DOWN"],
  ])("Waybill's own refusal %s is %s", (refusal, code) => {
    const answer = failed("", 0, `AbortError: it did not go [${refusal}]`);
    expect(storeError("Reading", answer)).toMatchObject({ code });
  });

  test("is not what a caller wrote into a value that Postgres quotes", () => {
    const answer = failed("22P02", 400, 'invalid input syntax for type uuid: "[LEDGER_FULL]"');
    expect(storeError("Reading", answer)).toMatchObject({ code: "INVALID_VALUE" });
  });

  test("is the SQLSTATE where Postgres gave one", () => {
    expect(storeError("Writing", failed("23505", 409)).sqlstate).toBe("23505");
    expect(storeError("Writing", failed("PGRST205", 404)).sqlstate).toBeNull();
    expect(storeError("Writing", failed("", 0)).sqlstate).toBeNull();
  });
});

describe("an error's message", () => {
  test("tells what was asked and what a value did wrong", () => {
    const error = storeError("Creating the model", failed("23514", 400, "violates check constraint"));
    expect(error.message).toBe("Creating the model failed: violates check constraint");
    expect(error.hint).not.toBe("");
  });

  test.each(["42P01", "XX000", "42501", ""])("keeps the inside to itself: %s", (code) => {
    const error = storeError("Reading", failed(code, 500, 'relation "secret_table" at character 12: select * from x'));
    expect(error.message).not.toMatch(/secret_table|select/);
  });
});

describe("rows", () => {
  const row = z.object({ id: z.int() });

  test("are parsed, what the contract does not name is left out", () => {
    const answer = { data: [{ id: 1, supabase_key: "x" }], error: null, status: 200 };
    expect(rowsOf("Reading", row, answer)).toEqual([{ id: 1 }]);
    expect(rowsOf("Reading", row, { data: null, error: null, status: 204 })).toEqual([]);
  });

  test("that break their contract go no further: INTERNAL, with the field and not the value", () => {
    const answer = { data: [{ id: 1 }, { id: "a secret" }], error: null, status: 200 };
    expect(() => rowsOf("Reading", row, answer)).toThrow(
      expect.objectContaining({ code: "INTERNAL", issues: [expect.objectContaining({ field: "1.id" })] }),
    );
    expect(() => rowsOf("Reading", row, answer)).not.toThrow(/a secret/);
  });
});

describe("a store whose Supabase is not there", () => {
  test("that hangs up: SUPABASE_UNREACHABLE, and no key in the error", async () => {
    const { secretKey } = inject("stack");
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("there is no port");
    const url = `http://127.0.0.1:${address.port}`;
    const transport = openTransport({ url });
    const global = { fetch: untrackedFetch(transport, 5_000) };
    const clients = createClientStore(createClient<Database>(url, secretKey, { global, db: { retry: false } }));
    const error = await rejection(clients.list());
    expect(error).toMatchObject({ code: "SUPABASE_UNREACHABLE" });
    expect(JSON.stringify(error)).not.toContain(secretKey);
    await transport.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
