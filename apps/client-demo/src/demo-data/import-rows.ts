import pMap from "p-map";
import type { WaybillClient } from "@waybill/client";
import type { Airport, Route } from "../data/datasets.ts";
import { batchesOf } from "./batches.ts";

export interface ImportOptions {
  readonly model: "airports" | "routes";
  readonly rows: readonly (Airport | Route)[];
  /** The batches go to them in turn: the first batch to the first, the second to the second, … */
  readonly clients: readonly WaybillClient[];
  /** Rows a batch. */
  readonly size: number;
  /** Batches on their way at once. */
  readonly parallel: number;
  readonly onImported?: (rows: number) => void;
}

/** Creates all rows of a model in batches; the first refused batch stops the rest and is thrown. */
export async function importRows(options: ImportOptions): Promise<void> {
  const { model, rows, clients, size, parallel, onImported } = options;
  await pMap(
    batchesOf(rows, size).entries(),
    async ([index, batch]) => {
      const created = await clients[index % clients.length]?.data.createMany.mutate({ model, rows: batch });
      if (created?.rows.length !== batch.length) {
        throw new Error(
          `batch ${index + 1} of ${model} has ${batch.length} rows, ${created?.rows.length ?? 0} were created`,
        );
      }
      onImported?.(batch.length);
    },
    { concurrency: parallel },
  );
}
