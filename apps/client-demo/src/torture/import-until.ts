import { waybillErrorOf } from "@waybill/client";
import pMap from "p-map";
import type { Caller } from "../callers/caller.ts";
import type { Cast } from "../callers/cast.ts";
import type { Airport, Route } from "../data/datasets.ts";

/** A batch on its way into the database, over as many servers as it takes. */
export interface Batch {
  readonly model: "airports" | "routes";
  readonly rows: readonly (Airport | Route)[];
  state: "waiting" | "interrupted" | "done";
}

export interface ImportUntilOptions {
  /** Its two ordinary users take the batches in turn. */
  readonly cast: Cast;
  readonly parallel: number;
  /** Called after so many batches were answered, while others are on their way. */
  readonly kill: { readonly after: number; readonly now: () => Promise<void> } | null;
}

/**
 * Imports the batches that are not done, until all are or the server is gone. A batch whose call was never answered is
 * `interrupted`: its rows are in or not, and the next try learns which.
 */
export async function importUntil(batches: readonly Batch[], options: ImportUntilOptions): Promise<void> {
  const { cast, parallel, kill } = options;
  let answered = 0;
  let killing: Promise<void> | undefined;
  await pMap(
    batches.filter(({ state }) => state !== "done").entries(),
    async ([index, batch]) => {
      if (killing !== undefined) return;
      await send(batch, index % 2 === 0 ? cast.ada : cast.ben);
      if (batch.state === "done") answered += 1;
      if (kill !== null && answered === kill.after) killing ??= kill.now();
    },
    { concurrency: parallel },
  );
  if (kill !== null && killing === undefined) throw new Error("the import was over before the server was killed");
  await killing;
}

async function send(batch: Batch, caller: Caller): Promise<void> {
  const { model, rows } = batch;
  const before = batch.state;
  try {
    batch.state = "interrupted";
    await caller.api.data.createMany.mutate({ model, rows: [...rows] });
    batch.state = "done";
  } catch (error) {
    const code = waybillErrorOf(error)?.code;
    if (code === undefined) return;
    // the try before got through, only its answer did not
    if (code !== "UNIQUE_VIOLATION" || before !== "interrupted") throw error;
    batch.state = "done";
  }
}
