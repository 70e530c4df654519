import { z } from "zod";

/** What a measurement is called by: each program gives some of them. */
export const keySchema = z.enum([
  "throughput-1",
  "throughput-16",
  "throughput-64",
  "p99-16",
  "cpu-64",
  "tracking-cpu",
  "whole-way",
  "access-token",
  "session-token",
  "validation-cpu",
  "flush-small",
  "flush-responses",
  "flush-small-many",
  "flush-responses-many",
  "rss-growth",
  "list-by-client-and-status",
  "list-rare-status",
  "list-next-page",
  "rollups",
  "drop-day",
]);
export type Key = z.output<typeof keySchema>;

/** A promise of the ledger's speed. Without a figure of this run it is said to be not measured. */
export interface Promised {
  readonly what: string;
  readonly key: Key;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: string;
}

export const mustReach: readonly Promised[] = [
  { what: "tracked ÷ plain, throughput, 16 callers", key: "throughput-16", bound: { atLeast: 2 }, unit: "×" },
  { what: "tracked ÷ plain, throughput, 64 callers", key: "throughput-64", bound: { atLeast: 2 }, unit: "×" },
  { what: "tracked ÷ plain, throughput, 1 caller", key: "throughput-1", bound: { atLeast: 1.4 }, unit: "×" },
  { what: "tracked ÷ plain, p99, 16 callers", key: "p99-16", bound: { atMost: 0.8 }, unit: "×" },
  { what: "tracked ÷ plain, CPU an operation, 64 callers", key: "cpu-64", bound: { atMost: 0.6 }, unit: "×" },
  {
    what: "tracking on ÷ off, same transport, CPU, 64 callers",
    key: "tracking-cpu",
    bound: { atMost: 1.4 },
    unit: "×",
  },
  { what: "whole way ÷ Express by hand, throughput", key: "whole-way", bound: { atLeast: 0.65 }, unit: "×" },
  {
    what: "access token ÷ nobody asked, CPU of the whole way",
    key: "access-token",
    bound: { atMost: 1.08 },
    unit: "×",
  },
  {
    what: "session token ÷ nobody asked, CPU of the whole way",
    key: "session-token",
    bound: { atMost: 1.08 },
    unit: "×",
  },
  {
    what: "create with schema and 3 rules ÷ without, CPU of the whole way",
    key: "validation-cpu",
    bound: { atMost: 1.1 },
    unit: "×",
  },
  { what: "flush, small records", key: "flush-small", bound: { atLeast: 12_000 }, unit: " rows/s" },
  { what: "flush, responses of 1.7 KB", key: "flush-responses", bound: { atLeast: 7000 }, unit: " rows/s" },
  {
    what: "flush, small records of many kinds",
    key: "flush-small-many",
    bound: { atLeast: 12_000 },
    unit: " rows/s",
  },
  {
    what: "flush, responses of 1.7 KB, many kinds",
    key: "flush-responses-many",
    bound: { atLeast: 7000 },
    unit: " rows/s",
  },
  { what: "RSS growth, target down 5 min", key: "rss-growth", bound: { atMost: 110 }, unit: " MB" },
  {
    what: "5 M rows, last 50 by client and status, p95",
    key: "list-by-client-and-status",
    bound: { atMost: 8 },
    unit: " ms",
  },
  { what: "5 M rows, last 50 of a rare status, p95", key: "list-rare-status", bound: { atMost: 8 }, unit: " ms" },
  { what: "5 M rows, next page by cursor, p95", key: "list-next-page", bound: { atMost: 5 }, unit: " ms" },
  { what: "1 h percentiles and 24 h errors by rollup, p95", key: "rollups", bound: { atMost: 40 }, unit: " ms" },
  { what: "dropping a day of 500,000 records", key: "drop-day", bound: { atMost: 1000 }, unit: " ms" },
];

export function isMet(bound: Promised["bound"], value: number): boolean {
  return "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost;
}
