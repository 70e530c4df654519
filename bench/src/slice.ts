import { percentile99, type Slice } from "./paired.ts";

/** Runs `call` by so many callers for so long. */
export async function runSlice(
  call: () => Promise<void>,
  callers: number,
  milliseconds: number,
  cpu: () => Promise<number>,
  settle: () => Promise<void> = async () => {},
): Promise<Slice> {
  const latencies: number[] = [];
  const cpuBefore = await cpu();
  const begun = performance.now();
  const end = begun + milliseconds;
  const caller = async (): Promise<void> => {
    for (let from = performance.now(); from < end;) {
      await call();
      const now = performance.now();
      latencies.push(now - from);
      from = now;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - begun) / 1000;
  await settle();
  const cpuMicroseconds = ((await cpu()) - cpuBefore) / latencies.length;
  return { throughput: latencies.length / seconds, cpuMicroseconds, p99Ms: percentile99(latencies) };
}

/** Of this process, in microseconds since it began. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
