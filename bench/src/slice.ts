import { percentile, type Slice } from "./paired.ts";

/**
 * Runs slices of `call`. What a slice leaves to be done behind it, such as a flush, is counted to the next: in the long
 * run each pays for one.
 *
 * @param cpu of the contender's process, in microseconds
 * @param process shared by contenders that run in one
 */
export function slices(call: () => Promise<void>, cpu: () => Promise<number>, process: { counted?: number } = {}) {
  return async (callers: number, milliseconds: number): Promise<Slice> => {
    const latencies: number[] = [];
    const cpuBefore = process.counted ?? (await cpu());
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
    const counted = await cpu();
    process.counted = counted;
    const cpuMicroseconds = (counted - cpuBefore) / latencies.length;
    return { throughput: latencies.length / seconds, cpuMicroseconds, p99Ms: percentile(latencies, 0.99) };
  };
}

/** Of this process, in microseconds since it began. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
