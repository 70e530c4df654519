import { expect, test } from "vitest";
import { readDatasets, sliceOf } from "../data/datasets.ts";
import { killRounds } from "./kill-rounds.ts";

// `pnpm torture` does it 20 times on all of the data
test(
  "after a kill -9 in the middle of the import every request has its record, once",
  { timeout: 240_000 },
  async () => {
    const lines: string[] = [];
    await killRounds({
      datasets: sliceOf(await readDatasets(), 60),
      rounds: 1,
      engine: "pglite",
      size: 10,
      seed: "one",
      say: (line) => lines.push(line),
    });
    expect(lines).toEqual([
      expect.stringMatching(/^kill 1 of 1: \d+ requests, each with its one record; [1-9]\d* cut off so far$/),
      expect.stringMatching(/^the rest imported: \d+ requests/),
    ]);
  },
);
