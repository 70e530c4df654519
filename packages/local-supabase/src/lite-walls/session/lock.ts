/** How long a request waits for the session, and how many may wait at once. */
export interface SessionLockLimits {
  waitMs: number;
  maxWaiting: number;
}

/**
 * PostgREST's own answer when its pool is exhausted (PGRST003), so that clients meet a code they know.
 */
export class SessionBusyError extends Error {
  override readonly name = "SessionBusyError";
  readonly code = "PGRST003";
}

interface Waiter {
  grant: (release: () => void) => void;
  timer: NodeJS.Timeout;
}

/**
 * Gives the engine's only session to one holder at a time, first come, first served.
 * PGlite has a single session: whoever shares it between BEGIN and COMMIT shares its role too.
 */
export class SessionLock {
  readonly #limits: SessionLockLimits;
  readonly #waiting = new Set<Waiter>();
  #held = false;

  constructor(limits: Partial<SessionLockLimits> = {}) {
    this.#limits = { waitMs: 60_000, maxWaiting: 5_000, ...limits };
  }

  /** Resolves to a release function; calling it more than once is harmless. */
  acquire(): Promise<() => void> {
    if (!this.#held) {
      this.#held = true;
      return Promise.resolve(this.#releaser());
    }
    const { maxWaiting, waitMs } = this.#limits;
    if (this.#waiting.size >= maxWaiting) {
      return Promise.reject(
        new SessionBusyError(`The database session has ${maxWaiting} callers waiting already; send fewer at once.`),
      );
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        grant: resolve,
        timer: setTimeout(() => {
          this.#waiting.delete(waiter);
          reject(new SessionBusyError(`Waited ${waitMs} ms for the database session; try again.`));
        }, waitMs),
      };
      this.#waiting.add(waiter);
    });
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.acquire();
    try {
      return await work();
    } finally {
      release();
    }
  }

  #releaser(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.#waiting.values().next();
      if (next.done) {
        this.#held = false;
        return;
      }
      this.#waiting.delete(next.value);
      clearTimeout(next.value.timer);
      next.value.grant(this.#releaser());
    };
  }
}
