import { setTimeout as sleep } from "node:timers/promises";
import type { ModelNotice } from "@waybill/contracts";
import type { Person } from "./stage.ts";

type Api = Pick<Person["api"], "models">;

/** What a watch was told, from its beginning on. */
export interface Watching extends Disposable {
  readonly notices: readonly ModelNotice[];
  /** What it ended with, if it did. */
  readonly ended: () => unknown;
  /** Resolves with the next notice after those that were taken before. */
  next(): Promise<ModelNotice>;
}

export function watchOf({ models }: Api, names: readonly string[]): Watching {
  const notices: ModelNotice[] = [];
  let taken = 0;
  const state: { end?: unknown } = {};
  const subscription = models.watch.subscribe(
    { models: [...names] },
    {
      onData: (notice) => notices.push(notice),
      onError: (error) => (state.end = error),
      onComplete: () => (state.end ??= "complete"),
    },
  );
  return {
    notices,
    ended: () => state.end,
    async next() {
      for (let waited = 0; notices[taken] === undefined && state.end === undefined && waited < 10_000; waited += 10) {
        await sleep(10);
      }
      const notice = notices[taken];
      taken += 1;
      if (notice === undefined)
        throw state.end instanceof Error ? state.end : new Error(`nothing was told: ${String(state.end)}`);
      return notice;
    },
    [Symbol.dispose]: () => subscription.unsubscribe(),
  };
}

/** The first notice of a watch that ends with it. */
export async function firstNotice(api: Api, model: string): Promise<ModelNotice> {
  using watching = watchOf(api, [model]);
  return await watching.next();
}
