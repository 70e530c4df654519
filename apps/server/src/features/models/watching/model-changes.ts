import { setTimeout as sleep } from "node:timers/promises";
import { listenToModels, type Log, type ModelMarks } from "@waybill/db";
import type { ModelLookup } from "../model-lookup.ts";

/** Learns that models change, in whatever process, and tells who follows them. */
export interface ModelChanges extends AsyncDisposable {
  /** This process has changed a model of this name. */
  changed(modelName: string): void;
  /**
   * Calls `tell` once for a name that nobody else follows yet, and whenever its model has been made, changed or removed
   * since. Throws a RangeError when `names` would make too many of them. Disposing of it is its end.
   */
  follow(names: readonly string[], tell: (modelName: string) => void): Disposable;
}

export interface ModelChangesOptions {
  readonly marks: ModelMarks;
  readonly lookup: Pick<ModelLookup, "forget">;
  /** Where changes can be heard by LISTEN at once; without it they are seen at the next look. */
  readonly listenUrl: string | undefined;
  readonly log: Log;
  readonly everyMs?: number;
  readonly mostNames?: number;
}

/** So long at most, and the time of a look, is a change not seen where it cannot be heard. */
const lookEveryMs = 1_000;
/** While the database cannot be asked. */
const slowestMs = 8_000;
/** A look names them all: 63 bytes each. */
const manyNames = 2_000;

export class TooManyNamesError extends RangeError {}

/**
 * Looks at the marks of those models only that somebody follows, in one call a second; what LISTEN hears, or this
 * process does, brings the next look forward. So a message that is lost makes nothing late but by that second.
 */
export function openModelChanges(options: ModelChangesOptions): ModelChanges {
  const { marks, lookup, listenUrl, log, everyMs = lookEveryMs, mostNames = manyNames } = options;
  /** Who follows a name. */
  const followers = new Map<string, Set<(modelName: string) => void>>();
  /** The mark of each followed name at the last look; empty for one that was not there. */
  const seen = new Map<string, string>();
  const stop = new AbortController();
  let wake = new AbortController();
  let isLooking = false;

  const lookOnce = async (): Promise<void> => {
    const names = [...followers.keys()];
    const found = await marks.marksOf(names);
    for (const name of names) {
      const tells = followers.get(name);
      const mark = found.get(name) ?? "";
      if (tells === undefined || seen.get(name) === mark) continue;
      seen.set(name, mark);
      lookup.forget(name);
      for (const tell of tells) tell(name);
    }
  };
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    let failures = 0;
    while (followers.size > 0) {
      wake = new AbortController();
      try {
        await lookOnce();
        failures = 0;
      } catch (cause) {
        failures += 1;
        log("debug", "the models that are followed could not be looked at", { failures, cause: String(cause) });
      }
      const pauseMs = Math.min(everyMs * 2 ** Math.min(failures, 10), Math.max(slowestMs, everyMs));
      // woken while it looked, it looks again at once, but not while that fails
      const signal = failures > 0 ? stop.signal : AbortSignal.any([stop.signal, wake.signal]);
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    }
    isLooking = false;
  };
  const lookSoon = (): void => {
    if (followers.size === 0) return;
    wake.abort();
    void look();
  };
  const changed = (modelName: string): void => {
    lookup.forget(modelName);
    if (followers.has(modelName)) lookSoon();
  };
  const listener =
    listenUrl === undefined
      ? undefined
      : listenToModels({
          dbUrl: listenUrl,
          changed,
          listening() {
            lookup.forget();
            lookSoon();
          },
          log,
        });
  return {
    changed,
    follow(names, tell) {
      const wanted = new Set(names);
      const news = [...wanted].filter((name) => !followers.has(name));
      if (followers.size + news.length > mostNames) throw new TooManyNamesError();
      for (const name of wanted) followers.set(name, (followers.get(name) ?? new Set()).add(tell));
      if (news.length > 0) lookSoon();
      return {
        [Symbol.dispose]() {
          for (const name of wanted) {
            const tells = followers.get(name);
            tells?.delete(tell);
            if (tells?.size !== 0) continue;
            followers.delete(name);
            seen.delete(name);
          }
        },
      };
    },
    async [Symbol.asyncDispose]() {
      followers.clear();
      seen.clear();
      stop.abort();
      await listener?.[Symbol.asyncDispose]();
    },
  };
}
