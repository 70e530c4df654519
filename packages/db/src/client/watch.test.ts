import { describe, expect, test } from "vitest";
import { recordingLedger } from "./testing/recording-ledger.ts";
import { json, stubUpstream } from "./testing/stub-upstream.ts";
import { tracked } from "./testing/tracked.ts";
import { operationWatchers, type WatchedOperation, type WatchedOutcome } from "./watch.ts";

describe("who watches operations", () => {
  test("sees each once, with its outcome and without who asked or what for", async () => {
    await using upstream = await stubUpstream(json(500, { code: "XX000", message: "broken" }));
    const watchers = operationWatchers();
    await using client = tracked(upstream.url, { watchers, joinRetries: false });
    const seen: [WatchedOperation, WatchedOutcome][] = [];
    const stop = watchers.add({ begun: (operation) => (outcome) => void seen.push([operation, outcome]) });
    await client.supabase.from("airports").insert({ iata: "hidden value" });
    const { intent, outcome } = client.ledger.only();
    const { operation_id, client_id, request_id } = intent;
    expect(seen).toEqual([
      [
        { operation_id, client_id, operation_type: "create", table_name: "airports", request_id },
        {
          status: "error",
          error_message: outcome.error_message,
          execution_time_ms: outcome.execution_time_ms,
          attempts: 1,
        },
      ],
    ]);
    expect(JSON.stringify(seen)).not.toContain("hidden value");
    stop();
    await client.supabase.from("airports").insert({});
    expect(seen).toHaveLength(1);
  });

  test("may put a header onto the request", async () => {
    await using upstream = await stubUpstream();
    const watchers = operationWatchers();
    await using client = tracked(upstream.url, { watchers });
    watchers.add({
      begun(_operation, setHeader) {
        setHeader("TraceParent", "00-1-2-01");
        return undefined;
      },
    });
    await client.supabase.from("airports").select().setHeader("traceparent", "00-9-9-01");
    expect(upstream.arrived).toMatchObject([{ headers: { traceparent: "00-1-2-01" } }]);
  });

  test("is told the outcome once, however often it is settled", () => {
    const ledger = recordingLedger();
    const watchers = operationWatchers();
    const told: string[] = [];
    watchers.add({
      begun:
        () =>
        ({ status }) =>
          void told.push(status),
    });
    const intent = {
      operation_id: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e",
      client_id: "desk/anon",
      operation_type: "read" as const,
      table_name: "airports",
      created_at: "2026-11-25T00:00:00Z",
      user_id: null,
      request_id: null,
      session_id: null,
      model_id: null,
      schema_version: null,
      query_data: null,
    };
    const open = watchers.watch(intent, new Map(), ledger.begin(intent));
    for (const status of ["success", "error"] as const) {
      const took = { execution_time_ms: 1, completed_at: "2026-11-25T00:00:01Z", attempts: 1 };
      open.settle({ ...took, status, error_message: null, response_data: null });
    }
    expect(told).toEqual(["success"]);
  });

  test("makes no operation fail, and leaves the others their view, by what it throws", async () => {
    await using upstream = await stubUpstream();
    const watchers = operationWatchers();
    await using client = tracked(upstream.url, { watchers });
    const broken = (): never => {
      throw new Error("a watcher broke");
    };
    let told = 0;
    watchers.add({ begun: broken });
    watchers.add({ begun: () => broken });
    watchers.add({ begun: () => () => void (told += 1) });
    expect((await client.supabase.from("airports").select()).error).toBeNull();
    expect([client.ledger.only().outcome.status, told]).toEqual(["success", 1]);
  });
});
