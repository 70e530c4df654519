import { TRPCError } from "@trpc/server";
import { AuthApiError, AuthRetryableFetchError, AuthWeakPasswordError } from "@supabase/supabase-js";
import { errorCodes } from "@waybill/contracts";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createLogger } from "../log.ts";
import { ApiError } from "./api-error.ts";
import { authError } from "./auth-error.ts";
import { trpcCodes } from "./error-table.ts";
import { formatError, reportUnexpected } from "./format-error.ts";

const format = (error: TRPCError) => formatError({ error, path: "data.list", ctx: undefined });

describe("an error that nobody foresaw", () => {
  const cause = new Error("select secret_column from vault; password=hunter2");
  const error = new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: cause.message, cause });

  it("tells the caller its code and no more", () => {
    const shape = format(error);
    expect(shape.data).toMatchObject({ code: "INTERNAL", httpStatus: 500, operation_id: null });
    expect(JSON.stringify(shape)).not.toMatch(/hunter2|secret_column|stack|\.ts/);
  });

  it("is logged with its stack", () => {
    let said = "";
    const logger = createLogger("info", { write: (line: string) => void (said += line) });
    reportUnexpected(logger)({ error, path: "data.list", ctx: undefined });
    expect(JSON.parse(said)).toMatchObject({
      level: 50,
      path: "data.list",
      err: { stack: expect.stringContaining("format-error.test.ts") },
    });
  });
});

it("takes a refused output for our fault, not the caller's", () => {
  const cause = z.string().safeParse(1).error;
  const ours = format(new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause }));
  expect(ours.data).toMatchObject({ code: "INTERNAL", httpStatus: 500 });
  expect(ours.data.issues).toBeUndefined();
  const theirs = format(new TRPCError({ code: "BAD_REQUEST", cause }));
  expect(theirs.data).toMatchObject({ code: "VALIDATION_FAILED", httpStatus: 400, issues: [{ rule: "invalid_type" }] });
});

it("has a status and words of its own for every code", () => {
  for (const code of errorCodes) {
    const shape = format(new ApiError({ code }));
    expect(shape.data.code).toBe(code);
    expect(shape.message.length * shape.data.hint.length).toBeGreaterThan(0);
    expect(shape.data.httpStatus).toBeGreaterThanOrEqual(400);
  }
  expect(Object.keys(trpcCodes).sort()).toEqual([...errorCodes].sort());
});

describe("what Supabase Auth says", () => {
  it.each([
    ["INVALID_CREDENTIALS", new AuthApiError("Invalid login credentials", 400, "invalid_credentials")],
    ["UNIQUE_VIOLATION", new AuthApiError("User already registered", 422, "user_already_exists")],
    ["VALIDATION_FAILED", new AuthWeakPasswordError("Password should be longer", 422, ["length"])],
    ["RATE_LIMITED", new AuthApiError("Too many requests", 429, undefined)],
    ["SESSION_OVER", new AuthApiError("Invalid Refresh Token", 400, "refresh_token_not_found")],
    ["SUPABASE_UNREACHABLE", new AuthRetryableFetchError("fetch failed", 0)],
    ["SUPABASE_UNREACHABLE", new AuthRetryableFetchError("Bad gateway", 502)],
    ["SUPABASE_ERROR", new AuthApiError("Database error", 500, "unexpected_failure")],
    ["LEDGER_FULL", new AuthRetryableFetchError("the journal is full [LEDGER_FULL]", 0)],
    ["SHUTTING_DOWN", new AuthRetryableFetchError("the server stops [SHUTTING_DOWN]", 0)],
    ["TRANSPORT_BUSY", new AuthRetryableFetchError("too many under way [TRANSPORT_BUSY]", 0)],
    ["VALIDATION_FAILED", new AuthApiError('"[LEDGER_FULL]" is no address', 422, "validation_failed")],
    ["SUPABASE_ERROR", null],
  ] as const)("becomes %s", (code, error) => {
    expect(authError("Signing in", error).waybillCode).toBe(code);
  });

  it("names the field of a weak password, and keeps the words of a broken database to itself", () => {
    const weak = authError("Signing up", new AuthWeakPasswordError("Password should be longer", 422, ["length"]));
    expect(weak.issues).toEqual([{ field: "password", rule: "weak_password", message: "Password should be longer" }]);
    const broken = authError("Signing up", new AuthApiError("relation auth.users is gone", 500, "unexpected_failure"));
    expect(broken.message).not.toContain("auth.users");
  });
});
