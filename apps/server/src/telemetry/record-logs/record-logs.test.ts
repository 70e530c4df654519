import { randomUUID } from "node:crypto";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createLogger } from "../../log.ts";
import { type Collector, openCollector } from "../../testing/collector.ts";
import { openStage } from "../../testing/stage.ts";
import { openRecordLogs, type RecordLogs, type RecordLogsOptions } from "./record-logs.ts";

const record = (change: Readonly<Record<string, unknown>> = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      operation_id: randomUUID(),
      client_id: "desk/anon",
      operation_type: "read",
      table_name: "airports",
      created_at: "2026-11-25T10:00:00.123000Z",
      user_id: "u1",
      request_id: "r1",
      session_id: null,
      model_id: null,
      schema_version: null,
      status: "success",
      completed_at: "2026-11-25T10:00:00.123456Z",
      execution_time_ms: 1,
      attempts: 1,
      error_message: null,
      query_data: { method: "GET" },
      response_data: [{ iata: "LAX" }],
      ...change,
    }),
  );

interface Opened {
  readonly collector: Collector;
  readonly logs: RecordLogs;
  readonly said: () => string;
}

async function opened(given: Partial<RecordLogsOptions> = {}): Promise<Opened> {
  const collector = await openCollector();
  let said = "";
  const logger = createLogger("debug", { write: (line: string) => void (said += line) });
  const pauses = { firstPauseMs: 10, longestPauseMs: 50, lingerMs: 20, closeMs: 200 };
  const logs = openRecordLogs({ url: collector.url, instance: "desk", logger, ...pauses, ...given });
  onTestFinished(async () => {
    await logs[Symbol.asyncDispose]();
    await collector[Symbol.asyncDispose]();
  });
  return { collector, logs, said: () => said };
}

describe("a record", () => {
  it("comes to the collector once, whole, with what it is asked by", async () => {
    const { collector, logs } = await opened();
    const sent = record();
    logs.sink([sent]);
    await vi.waitFor(() => expect(logs.health()).toEqual({ exported: 1, dropped: 0, waiting: 0 }));
    expect(collector.logs).toMatchObject([
      {
        eventName: "waybill.operation",
        timeUnixNano: "1795600800123456000",
        severityText: "INFO",
        body: { stringValue: sent.toString() },
        attributes: {
          "db.system.name": "postgresql",
          "db.operation.name": "read",
          "db.collection.name": "airports",
          "waybill.status": "success",
          "user.id": "u1",
        },
      },
    ]);
    expect(collector.logs[0]?.attributes).not.toHaveProperty("error.type");
    expect(collector.resources).toMatchObject([{ "service.name": "waybill", "service.instance.id": "desk" }]);
  });

  it.each([
    ["error", "23505: duplicate key", "23505"],
    ["error", "HTTP 503 Service Unavailable", "503"],
    ["timeout", "No whole answer within 60000 ms.", "timeout"],
  ])("that ended in %s by %j says so", async (status, error_message, errorType) => {
    const { collector, logs } = await opened();
    logs.sink([record({ status, error_message })]);
    await vi.waitFor(() => expect(collector.logs).toHaveLength(1));
    expect(collector.logs).toMatchObject([{ severityText: "ERROR", attributes: { "error.type": errorType } }]);
  });

  it("without an outcome does not come", async () => {
    const { collector, logs } = await opened();
    logs.sink([record({ status: "pending", completed_at: undefined }), record()]);
    await vi.waitFor(() => expect(logs.health().exported).toBe(1));
    expect(collector.logs).toHaveLength(1);
  });
});

describe("a collector that", () => {
  it("fails for longer than its exporter tries gets all of it when it is back", async () => {
    const { collector, logs, said } = await opened();
    collector.fault = (response) => response.writeHead(500).end();
    logs.sink(Array.from({ length: 600 }, () => record()));
    await vi.waitFor(() => expect(collector.requests()).toBeGreaterThan(3));
    expect(logs.health()).toEqual({ exported: 0, dropped: 0, waiting: 600 });
    collector.fault = undefined;
    await vi.waitFor(() => expect(logs.health()).toEqual({ exported: 600, dropped: 0, waiting: 0 }));
    expect(new Set(collector.logs.map(({ attributes }) => attributes["waybill.operation_id"])).size).toBe(600);
    expect(said()).toMatch(/takes no records; tried again[^]*takes records again/);
  });

  it("refuses a batch for good loses that one, which is counted", async () => {
    const { collector, logs, said } = await opened();
    collector.fault = (response) => response.writeHead(400).end("bad");
    logs.sink([record()]);
    await vi.waitFor(() => expect(logs.health()).toEqual({ exported: 0, dropped: 1, waiting: 0 }));
    collector.fault = undefined;
    logs.sink([record()]);
    await vi.waitFor(() => expect(logs.health().exported).toBe(1));
    expect(said()).toContain("were not exported");
  });

  it("hangs holds no more than the limit, and no end of the server", async () => {
    const { collector, logs, said } = await opened({ maxBytes: 20_000 });
    collector.fault = () => {};
    const size = record().length;
    const most = Math.floor(20_000 / size);
    for (let n = 0; n < 200; n += 1) logs.sink([record()]);
    expect(logs.health()).toEqual({ exported: 0, dropped: 200 - most, waiting: most });
    await vi.waitFor(() => expect(collector.requests()).toBe(1));
    const before = performance.now();
    await logs[Symbol.asyncDispose]();
    expect(performance.now() - before).toBeLessThan(2000);
    expect(said()).toContain("20000 bytes of records wait for the collector already");
    expect(logs.health().dropped).toBe(200);
  });

  it("is not there yet gets all of it when it comes", async () => {
    const gone = await openCollector();
    await gone[Symbol.asyncDispose]();
    const { logs } = await opened({ url: gone.url });
    logs.sink([record()]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await using late = await openCollector(Number(new URL(gone.url).port));
    await vi.waitFor(() => expect(late.logs).toHaveLength(1), { timeout: 5000 });
  });
});

describe("a server with a collector", () => {
  it("sends it the record of every operation", async () => {
    await using collector = await openCollector();
    const token = "a-token-for-metrics";
    await using stage = await openStage({
      env: { WAYBILL_OTLP_LOGS_URL: collector.url, WAYBILL_METRICS_TOKEN: token },
    });
    const ada = await stage.newUser();
    await ada.api.operations.list.query({});
    const { waybill } = stage.services;
    await vi.waitFor(() => expect(waybill.health().ledger.pending).toBe(0), { timeout: 10_000 });
    const ofDatabase = await waybill.operations.list({ limit: 100 });
    const mine = ofDatabase.rows.filter(({ client_id }) =>
      client_id.startsWith(waybill.health().anon.client_id.split("/")[0] ?? "?"),
    );
    expect(mine.length).toBeGreaterThan(0);
    const known = () => new Set(collector.logs.map(({ attributes }) => attributes["waybill.operation_id"]));
    await vi.waitFor(() => expect(mine.every(({ operation_id }) => known().has(operation_id))).toBe(true), {
      timeout: 10_000,
    });
    const metrics = await (
      await fetch(`${stage.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    ).text();
    expect(metrics).toMatch(/^waybill_records_exported_total [1-9]/m);
    expect(metrics).toMatch(/^waybill_records_export_dropped_total 0$/m);
    expect(JSON.stringify(collector.logs)).not.toContain(ada.password);
  });
});
