import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import { z } from "zod";
import { trackedFetch } from "../src/index.ts";

// What a record of every call costs, against plain supabase-js in the same run: the two take turns in slices, and each
// ratio is the median of the pairs. Machine noise meets both sides alike.

const sliceMs = 250;
const rounds = 16;
const secretKey = `sb_secret_${"x".repeat(32)}`;

interface Slice {
  /** Calls a second. */
  readonly throughput: number;
  /** Of this process, a call. */
  readonly cpuMicroseconds: number;
}

async function slice(call: () => PromiseLike<{ error: unknown }>, callers: number): Promise<Slice> {
  const end = performance.now() + sliceMs;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      const { error } = await call();
      if (error !== null) throw new Error("the stub refused a call", { cause: error });
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(cpu);
  return { throughput: (calls * 1000) / (performance.now() - begun), cpuMicroseconds: (user + system) / calls };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const upstream = fork(join(import.meta.dirname, "stub-upstream.ts"));
const journalDir = await mkdtemp(join(tmpdir(), "waybill-bench-"));
try {
  const [address]: unknown[] = await once(upstream, "message", { signal: AbortSignal.timeout(10_000) });
  const url = `http://127.0.0.1:${z.object({ port: z.int() }).parse(address).port}`;
  await using fetch = trackedFetch({ url, secretKey, journalDir, allowHttpLoopback: true });
  const options = { db: { retry: false }, auth: { persistSession: false, autoRefreshToken: false } };
  const plain = createClient(url, secretKey, options);
  const tracked = createClient(url, secretKey, { ...options, global: { fetch } });
  console.log("callers  throughput ÷ plain  CPU a call ÷ plain  CPU µs a call, plain and tracked");
  for (const callers of [1, 16, 64]) {
    const pairs: { before: Slice; after: Slice }[] = [];
    for (let round = -2; round < rounds; round++) {
      const before = await slice(() => plain.from("airports").select(), callers);
      const after = await slice(() => tracked.from("airports").select(), callers);
      // the first two warm up
      if (round >= 0) pairs.push({ before, after });
    }
    const throughput = median(pairs.map(({ before, after }) => after.throughput / before.throughput));
    const cpu = median(pairs.map(({ before, after }) => after.cpuMicroseconds / before.cpuMicroseconds));
    const micros = [
      median(pairs.map(({ before }) => before.cpuMicroseconds)),
      median(pairs.map(({ after }) => after.cpuMicroseconds)),
    ].map((value) => value.toFixed(0).padStart(5));
    console.log(
      `${String(callers).padStart(7)}  ${throughput.toFixed(2).padStart(18)}  ${cpu.toFixed(2).padStart(18)}  ${micros.join(" ")}`,
    );
  }
} finally {
  upstream.disconnect();
  await rm(journalDir, { recursive: true, force: true });
}
