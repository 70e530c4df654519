import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { stubSupabase } from "./testing/stub-supabase.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";
import { startWriter } from "./testing/writer-process.ts";

const MINUTES = 2;
const MIB = 1024 * 1024;

function residentMemory(pid: number | undefined): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}

test.runIf(process.platform === "linux")(
  "with the database away for minutes at full load memory stays flat, and the backlog drains while serving",
  async () => {
    await using stub = await stubSupabase();
    using home = temporaryDirectory();
    stub.isSlim = true;
    stub.fault = () => ({ status: 503, body: "" });
    await using writer = startWriter("loop", home.path, stub.url);
    await stub.until(() => stub.seen.length > 100_000);
    // by then the heap has its size
    const before = residentMemory(writer.pid);
    await sleep(MINUTES * 60_000);
    expect(residentMemory(writer.pid) - before).toBeLessThan(110 * MIB);
    expect(stub.stored.size).toBe(0);
    stub.fault = () => undefined;
    const backlog = stub.seen.length;
    await stub.until(() => stub.stored.size > backlog);
    expect(stub.seen.length).toBeGreaterThan(backlog);
  },
);
