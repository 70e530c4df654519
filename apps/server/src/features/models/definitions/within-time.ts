/** Waits so long for `work`, which can ask whether nobody waits any more. Rejects with a TimeoutError. */
export async function withinTime<T>(milliseconds: number, work: (isOver: () => boolean) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(milliseconds);
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason);
  signal.addEventListener("abort", end);
  try {
    return await Promise.race([work(() => signal.aborted), promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
