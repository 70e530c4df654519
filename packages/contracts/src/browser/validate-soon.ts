import type { ErrorIssue } from "../errors.ts";
import type { RowResult } from "../json-schema/row-shape.ts";

/** What a form is told: what is wrong with its row, and whether the server may yet say more. */
export interface SoonState {
  readonly issues: readonly ErrorIssue[];
  readonly pending: boolean;
  /** Why the server could not be asked about this row; what the browser found stands in `issues`. */
  readonly failure?: unknown;
}

export interface SoonOptions<Row> {
  /** At once and here, such as `createRowValidator(fields, rules).row`. */
  readonly local: (row: Row) => RowResult;
  /** By the server, such as `waybill.models.validate.query({ model, row }, { signal })`: its issues are the whole answer. */
  readonly ask: (row: Row, signal: AbortSignal) => Promise<{ readonly issues: readonly ErrorIssue[] }>;
  /** Called with what is known of the latest row, never with anything of one before it. */
  readonly tell: (state: SoonState) => void;
  /** How long the row must stay the same before the server is asked. */
  readonly delayMs?: number;
  /** How long the server may take to answer. */
  readonly timeoutMs?: number;
}

/** Validates the row of a form as it changes. */
export interface Soon<Row> {
  /** The row as it is now; what was under way for the one before is aborted. */
  (row: Row): void;
  /** The same row once more, because the rules have changed; nothing before the first one. */
  again(): void;
  /** Aborts what is under way; `tell` is called no more. */
  close(): void;
}

const defaults = { delayMs: 300, timeoutMs: 10_000 };

/**
 * Holds each row of a form against the browser's rules at once, and, when it has not changed for a moment, against the
 * server's. Answers never arrive out of order: of all that was asked only the last may speak.
 */
export function validateSoon<Row>(options: SoonOptions<Row>): Soon<Row> {
  const { local, ask, tell, delayMs = defaults.delayMs, timeoutMs = defaults.timeoutMs } = options;
  let latest = new AbortController();
  let row: { readonly last: Row } | undefined;
  let closed = false;

  const askNow = async (row: Row, found: readonly ErrorIssue[], { signal }: AbortController): Promise<void> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const { issues } = await withinTime(ask(row, AbortSignal.any([signal, deadline])), deadline);
      if (!signal.aborted) tell({ issues, pending: false });
    } catch (failure) {
      if (!signal.aborted) tell({ issues: found, pending: false, failure });
    }
  };

  const soon = (last: Row): void => {
    latest.abort();
    if (closed) return;
    row = { last };
    const mine = new AbortController();
    latest = mine;
    const result = local(last);
    const issues = result.ok ? [] : result.issues;
    tell({ issues, pending: true });
    const timer = setTimeout(() => void askNow(last, issues, mine), delayMs);
    mine.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  };
  const again = (): void => {
    if (row !== undefined) soon(row.last);
  };
  const close = (): void => {
    closed = true;
    latest.abort();
  };
  return Object.assign(soon, { again, close });
}

/** Ends with the deadline also where the one who is asked takes no notice of its signal. */
async function withinTime<T>(answer: Promise<T>, deadline: AbortSignal): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(deadline.reason);
  deadline.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([answer, late]);
  } finally {
    deadline.removeEventListener("abort", end);
  }
}
