import { z } from "zod";
import { ledger } from "./big/programs.ts";
import { type Child, OTHER, startChild } from "./child.ts";
import { measureCalls } from "./measure-calls.ts";
import { measureCreates } from "./measure-creates.ts";
import { measureFlush } from "./measure-flush.ts";
import { measureServers } from "./measure-servers.ts";
import { measureOutage } from "./measure-outage.ts";
import type { Key } from "./must-reach.ts";
import { figure, type Pace, ratio, type Spread, spread } from "./paired.ts";
import { type Results, showSpread } from "./report.ts";
import { CONNECTIONS } from "./start-server-process.ts";

/** Each measures one thing alone, so that it can be run by its name. */
export const programs: ReadonlyMap<string, (pace: Pace) => Promise<Results>> = new Map([
  ["calls", calls],
  ["servers", servers],
  ["creates", creates],
  ["flush", flush],
  ["outage", outage],
  ["ledger", ledger],
]);

/** Whether it takes more than a few minutes, and gigabytes on the disk. */
export function isBig(name: string): boolean {
  return name === "outage" || name === "ledger";
}

const addressSchema = z.object({ port: z.int() });

async function withStub<T>(work: (url: string, stub: Child) => Promise<T>): Promise<T> {
  const { child, ready } = await startChild("stub-upstream.ts", OTHER);
  await using stub = child;
  return await work(`http://127.0.0.1:${addressSchema.parse(ready).port}`, stub);
}

const CALLERS = [1, 16, 64] as const;
const ways = {
  tracked: "Waybill, tracked",
  untracked: "same transport, untracked",
  sentry: "Sentry's integration",
} as const;

async function calls(pace: Pace): Promise<Results> {
  const measured = await withStub((url) => measureCalls(url, CALLERS, pace));
  const figures = new Map<Key, Spread>();
  const rows: string[][] = [];
  for (const callers of CALLERS) {
    const rounds = measured.get(callers);
    if (rounds === undefined) continue;
    const cpu = (name: "plain" | keyof typeof ways) => showSpread(figure(rounds, name, "cpuMicroseconds"), 0);
    rows.push([String(callers), "plain supabase-js", "1", "1", "1", cpu("plain")]);
    for (const name of ["tracked", "untracked", "sentry"] as const) {
      const toPlain = (metric: "throughput" | "cpuMicroseconds" | "p99Ms") => ratio(rounds, name, "plain", metric);
      const [throughput, perCall, p99] = [toPlain("throughput"), toPlain("cpuMicroseconds"), toPlain("p99Ms")];
      rows.push([String(callers), ways[name], showSpread(throughput), showSpread(perCall), showSpread(p99), cpu(name)]);
      if (name !== "tracked") continue;
      figures.set(`throughput-${callers}`, throughput);
      if (callers === 16) figures.set("p99-16", p99);
      if (callers === 64) figures.set("cpu-64", perCall);
    }
    if (callers === 64) figures.set("tracking-cpu", ratio(rounds, "tracked", "untracked", "cpuMicroseconds"));
  }
  const head = ["callers", "way", "throughput ÷ plain", "CPU ÷ plain", "p99 ÷ plain", "CPU µs an operation"];
  return { tables: [{ title: "Calls of supabase-js", rows: [head, ...rows] }], figures };
}

const serverNames = {
  express: "Express by hand, one client for all",
  expressPerCaller: "Express by hand, a client for each request",
  waybill: "Waybill: tRPC's Express adapter, data.list",
  waybillSession: "the same, by a session token",
  waybillOpen: "the same, not asking who calls",
} as const;

async function servers(pace: Pace): Promise<Results> {
  const rounds = await withStub((url, stub) => measureServers(url, stub, pace));
  const rows = (["express", "expressPerCaller", "waybill", "waybillSession", "waybillOpen"] as const).map((name) => [
    serverNames[name],
    showSpread(ratio(rounds, name, "express", "throughput")),
    showSpread(ratio(rounds, name, "express", "cpuMicroseconds")),
    showSpread(figure(rounds, name, "cpuMicroseconds"), 0),
    showSpread(figure(rounds, name, "throughput"), 0),
  ]);
  const head = ["server", "throughput ÷ first", "CPU ÷ first", "CPU µs a request", "requests/s"];
  return {
    tables: [{ title: `The whole way, ${CONNECTIONS} connections`, rows: [head, ...rows] }],
    figures: new Map<Key, Spread>([
      ["whole-way", ratio(rounds, "waybill", "express", "throughput")],
      ["access-token", ratio(rounds, "waybill", "waybillOpen", "cpuMicroseconds")],
      ["session-token", ratio(rounds, "waybillSession", "waybillOpen", "cpuMicroseconds")],
    ]),
  };
}

async function creates(pace: Pace): Promise<Results> {
  const rounds = await withStub((url) => measureCreates(url, pace));
  const rows = (["unchecked", "checked"] as const).map((name) => [
    name === "checked" ? "schema of 4 columns and 3 rules" : "any values, no rules",
    showSpread(ratio(rounds, name, "unchecked", "cpuMicroseconds")),
    showSpread(figure(rounds, name, "cpuMicroseconds"), 0),
    showSpread(figure(rounds, name, "throughput"), 0),
  ]);
  const head = ["model", "CPU ÷ first", "CPU µs a create", "creates/s"];
  return {
    tables: [{ title: `data.create, ${CONNECTIONS} connections`, rows: [head, ...rows] }],
    figures: new Map([["validation-cpu", ratio(rounds, "checked", "unchecked", "cpuMicroseconds")]]),
  };
}

const ROWS_A_ROUND = 12_000;

async function flush({ rounds }: Pace): Promise<Results> {
  const measured = await measureFlush(rounds, ROWS_A_ROUND);
  const { postgres, small, withResponses } = measured;
  const rows = [
    ["what", "rows/s"],
    ["small records, record_operations by SQL", showSpread(small, 0)],
    ["responses of 1.7 KB, record_operations by SQL", showSpread(withResponses, 0)],
    ["small records of many kinds, record_operations by SQL", showSpread(measured.manyKinds, 0)],
    ["responses of 1.7 KB, many kinds, record_operations by SQL", showSpread(measured.manyKindsWithResponses, 0)],
    ["small records, over HTTP through the embedded Data API", showSpread(measured.overHttp, 0)],
  ];
  return {
    tables: [{ title: `Flush into ${postgres}`, rows }],
    figures: new Map([
      ["flush-small", small],
      ["flush-responses", withResponses],
      ["flush-small-many", measured.manyKinds],
      ["flush-responses-many", measured.manyKindsWithResponses],
    ]),
  };
}

const OUTAGE_SECONDS = 300;

async function outage(): Promise<Results> {
  const found = await withStub((url, stub) => measureOutage(stub, url, OUTAGE_SECONDS));
  const { growth, before, flushing, away, draining, backlog, drainSeconds } = found;
  const rows = [
    ["what", "value"],
    ["calls/s while records went away as they came", showSpread(flushing, 0)],
    ["calls/s with the flush target down", showSpread(away, 0)],
    ["RSS before, MB", before.toFixed(0)],
    ["RSS above that, each second with the target down, MB", showSpread(growth, 0)],
    ["records that waited at the end", backlog.toLocaleString("en")],
    ["seconds until none did, calls going on", drainSeconds.toFixed(0)],
    ["calls/s meanwhile", showSpread(draining, 0)],
  ];
  return {
    tables: [{ title: `The flush target down for ${OUTAGE_SECONDS} s, 64 callers`, rows }],
    figures: new Map([["rss-growth", spread([growth.max])]]),
  };
}
