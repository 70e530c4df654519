/** Does something again and again, never twice at once. Holds no process alive. */
export interface Ticker {
  /** Once more, at once; when it is under way, once more afterwards. */
  now(): void;
  /** Ends it; resolves when what is under way has ended. */
  close(): Promise<void>;
}

/** @param work must not reject, and must end by itself */
export function openTicker(everyMs: number, work: () => Promise<void>): Ticker {
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;
  let isWanted = false;
  let closed = false;

  const plan = (delayMs: number): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(run, delayMs).unref();
  };
  const run = (): void => {
    if (closed || working !== undefined) return;
    isWanted = false;
    working = work().finally(() => {
      working = undefined;
      plan(isWanted ? 0 : everyMs);
    });
  };
  plan(0);
  return {
    now() {
      isWanted = true;
      plan(0);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await working;
    },
  };
}
