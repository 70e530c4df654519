import { describe, expect, test } from "vitest";
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
    await client.supabase.from("airports").select();
    expect(upstream.arrived).toMatchObject([{ headers: { traceparent: "00-1-2-01" } }]);
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
