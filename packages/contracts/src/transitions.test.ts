import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { transitionAuthenticationContext } from "./authentication-context-states.ts";
import { authenticationContextSchema } from "./authentication-context.ts";
import { transitionDataModel } from "./data-model-states.ts";
import { dataModelSchema } from "./data-model.ts";
import { transitionDatabaseOperation } from "./database-operation-states.ts";
import { databaseOperationSchema, operationTypes } from "./database-operation.ts";
import { transitionSupabaseClient } from "./supabase-client-states.ts";
import { supabaseClientSchema } from "./supabase-client.ts";
import {
  authenticationContextRows,
  databaseOperationRows,
  dataModelRows,
  instants,
  jsonValues,
  supabaseClientRows,
  versions,
} from "./testing/arbitraries.ts";

const named = <Name extends string>(...names: readonly Name[]) => fc.constantFrom(...names);
const ending = { at: instants, execution_time_ms: fc.double({ min: 0, max: 1e9, noNaN: true }) };

const events = {
  client: fc.oneof(
    fc.record({
      type: named("initialized", "connection_failed", "max_retries_reached", "stopped", "deactivated"),
    }),
    fc.record({ type: named("operation_succeeded"), at: instants }),
    fc.record({ type: named("retried"), outcome: named("success", "failure") }),
    fc.record({ type: named("reconnected"), by: named("probe", "person") }),
  ),
  operation: fc.oneof(
    fc.record({ type: named("initiated"), operation_type: named(...operationTypes), at: instants }),
    fc.record({ type: named("succeeded"), ...ending, response_data: jsonValues }),
    fc.record({ type: named("failed"), ...ending, error_message: fc.constant("it failed") }),
    fc.record({ type: named("timed_out"), ...ending }),
    fc.record({ type: named("subscription_ended"), events: fc.nat() }),
  ),
  session: fc.oneof(
    fc.record({ type: named("login", "token_refreshed"), at: instants, expires_at: instants }),
    fc.record({ type: named("activity", "logged_out", "expired"), at: instants }),
  ),
  model: fc.oneof(
    fc.record({ type: named("created", "updated"), at: instants, schema_version: versions }),
    fc.record({ type: named("deprecated", "reactivated"), at: instants }),
  ),
};

/** From any row that may be stored, not only from those that the events themselves lead to. */
function expectStorable<Row extends object, Event>(
  schema: z.ZodType,
  rows: fc.Arbitrary<Row>,
  events: fc.Arbitrary<Event>,
  transition: (row: Row, event: Event) => { readonly ok: true; readonly state: object } | { readonly ok: false },
): void {
  let steps = 0;
  fc.assert(
    fc.property(rows, events, (row, event) => {
      const result = transition(row, event);
      if (!result.ok) return;
      steps += 1;
      const next = { ...row, ...result.state };
      expect(schema.safeParse(next).error?.issues).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
  expect(steps).toBeGreaterThan(50);
}

describe("whatever happens to a row that may be stored, it may be stored afterwards", () => {
  it("SupabaseClient", () => {
    expectStorable(supabaseClientSchema, supabaseClientRows, events.client, transitionSupabaseClient);
  });
  it("DatabaseOperation", () => {
    expectStorable(databaseOperationSchema, databaseOperationRows, events.operation, transitionDatabaseOperation);
  });
  it("AuthenticationContext", () => {
    expectStorable(
      authenticationContextSchema,
      authenticationContextRows,
      events.session,
      transitionAuthenticationContext,
    );
  });
  it("DataModel", () => {
    expectStorable(dataModelSchema, dataModelRows, events.model, transitionDataModel);
  });
});
