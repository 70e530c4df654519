import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type {
  AuthenticationContextOutput,
  AuthenticationContextRow,
  AuthenticationContextState,
  DatabaseOperationRow,
  DatabaseOperationUpdate,
  DataKey,
  DataModelFields,
  dataListInputSchema,
  dataModelCreateSchema,
  DataModelOutput,
  DataRow,
  ErrorCode,
  ErrorData,
  JsonValue,
  SupabaseClientEvent,
  supabaseClientFilterSchema,
  SupabaseClientOutput,
  SupabaseClientRow,
  SupabaseClientState,
  transitionDatabaseOperation,
  transitionSupabaseClient,
} from "./index.ts";

describe("rows", () => {
  it("have the exact types of their columns", () => {
    expectTypeOf<SupabaseClientRow["client_type"]>().toEqualTypeOf<"service_role" | "anon">();
    expectTypeOf<SupabaseClientRow["connection_status"]>().toEqualTypeOf<"connected" | "disconnected" | "error">();
    expectTypeOf<SupabaseClientRow["last_used"]>().toEqualTypeOf<string | null>();
    expectTypeOf<SupabaseClientRow["is_active"]>().toEqualTypeOf<boolean>();
    expectTypeOf<DatabaseOperationRow["status"]>().toEqualTypeOf<"pending" | "success" | "error" | "timeout">();
    expectTypeOf<DatabaseOperationRow["execution_time_ms"]>().toEqualTypeOf<number | null>();
    expectTypeOf<DatabaseOperationRow["query_data"]>().toEqualTypeOf<JsonValue>();
    expectTypeOf<AuthenticationContextRow["permissions"]>().toEqualTypeOf<JsonValue>();
    expectTypeOf<DataModelOutput["fields"]>().toEqualTypeOf<DataModelFields>();
    expectTypeOf<DataRow>().toEqualTypeOf<Record<string, JsonValue>>();
  });

  it("know no unknown and no any", () => {
    expectTypeOf<DatabaseOperationRow["response_data"]>().not.toBeAny();
    expectTypeOf<DatabaseOperationRow["response_data"]>().not.toBeUnknown();
    expectTypeOf<DataKey[string]>().not.toBeAny();
  });
});

describe("outputs", () => {
  it("have no field for a secret", () => {
    expectTypeOf<SupabaseClientOutput>().not.toHaveProperty("supabase_key");
    expectTypeOf<AuthenticationContextOutput>().not.toHaveProperty("access_token");
    expectTypeOf<AuthenticationContextOutput>().not.toHaveProperty("refresh_token");
    expectTypeOf<AuthenticationContextOutput>().not.toHaveProperty("token_hash");
    expectTypeOf<AuthenticationContextState>().not.toHaveProperty("access_token");
  });
});

describe("inputs", () => {
  it("may leave out what has a default", () => {
    expectTypeOf<{ model: string }>().toExtend<z.input<typeof dataListInputSchema>>();
    expectTypeOf<object>().toExtend<z.input<typeof supabaseClientFilterSchema>>();
    expectTypeOf<z.output<typeof supabaseClientFilterSchema>["limit"]>().toEqualTypeOf<number>();
    expectTypeOf<z.input<typeof dataModelCreateSchema>["relationships"]>().toExtend<
      readonly unknown[] | null | undefined
    >();
  });

  it("tie an outcome to its status", () => {
    type Failed = Extract<DatabaseOperationUpdate, { status: "error" }>;
    expectTypeOf<Failed["error_message"]>().toEqualTypeOf<string>();
    expectTypeOf<DatabaseOperationUpdate["status"]>().toEqualTypeOf<"success" | "error" | "timeout">();
  });
});

describe("transitions", () => {
  it("take the events of their entity only, with what each carries", () => {
    expectTypeOf<Extract<SupabaseClientEvent, { type: "operation_succeeded" }>["at"]>().toEqualTypeOf<string>();
    expectTypeOf<{ type: "operation_succeeded" }>().not.toExtend<SupabaseClientEvent>();
    expectTypeOf<{ type: "exploded" }>().not.toExtend<SupabaseClientEvent>();
    expectTypeOf<typeof transitionSupabaseClient>().parameter(0).toEqualTypeOf<SupabaseClientState | null>();
  });

  it("tell success and refusal apart by ok", () => {
    type Result = ReturnType<typeof transitionDatabaseOperation>;
    expectTypeOf<Extract<Result, { ok: true }>["state"]["status"]>().toEqualTypeOf<DatabaseOperationRow["status"]>();
    expectTypeOf<Extract<Result, { ok: false }>["code"]>().toEqualTypeOf<"ILLEGAL_TRANSITION">();
  });
});

describe("errors", () => {
  it("have one of the known codes", () => {
    expectTypeOf<"RLS_DENIED">().toExtend<ErrorCode>();
    expectTypeOf<"NOPE">().not.toExtend<ErrorCode>();
    expectTypeOf<ErrorData["code"]>().toEqualTypeOf<ErrorCode>();
    expectTypeOf<ErrorData>().not.toHaveProperty("stack");
  });
});
