import { createHash } from "node:crypto";
import type { Caller } from "../callers/caller.ts";
import { type Cast, openCast, signCastIn } from "../callers/cast.ts";
import type { Datasets } from "../data/datasets.ts";
import { batchesOf } from "../demo-data/batches.ts";
import { readRows } from "../demo-data/read-rows.ts";
import { awaitAgreement } from "../records/await-agreement.ts";
import { newCredentials } from "../smoke/people.ts";
import { makeAdmin } from "../stack/make-admin.ts";
import { startServer } from "../stack/server-process.ts";
import { openStage, type Stage } from "../stack/stage.ts";
import { type Batch, importUntil } from "./import-until.ts";

export interface KillRoundsOptions {
  readonly datasets: Datasets;
  readonly rounds: number;
  readonly engine: "pglite" | "native";
  /** Rows a batch: small ones make many requests. */
  readonly size: number;
  /** Decides after how many batches each round's server dies. */
  readonly seed: string;
  readonly say: (line: string) => void;
}

/** Batches on their way at once. */
const parallel = 6;
const models = ["airports", "routes"] as const;

/**
 * kill -9 of the server in the middle of the import, `rounds` times: each time a new server goes on where the journal
 * ends, and then every request that the proxy ever saw must have its record, once. Throws at the first difference, and
 * when a row is missing in the end.
 */
export async function killRounds(options: KillRoundsOptions): Promise<void> {
  const { datasets, rounds, engine, size, seed, say } = options;
  const scene = `kill-${seed}`;
  await using stage = await openStage({ instance: scene, engine });
  const adminCredentials = newCredentials(scene, "admin");
  await makeAdmin(stage.serverEnv, adminCredentials);
  const batches = models.flatMap((model) => {
    const rows: readonly Batch["rows"][number][] = datasets[model];
    return batchesOf(rows, size).map((some): Batch => ({ model, rows: some, state: "waiting" }));
  });
  const most = Math.floor(batches.length / (rounds + 1));
  if (most < 2 * parallel)
    throw new Error(`${batches.length} batches are too few for ${rounds} rounds: choose smaller ones`);

  const everybody: Caller[] = [];
  let before: Cast | undefined;
  for (let round = 0; round <= rounds; round += 1) {
    await using server = await startServer({ env: stage.serverEnv, output: "inherit" });
    const name = `${scene}.${round}`;
    const cast: Cast = before
      ? openCast(name, server.url, before)
      : await signCastIn(name, server.url, adminCredentials);
    before = cast;
    everybody.push(cast.admin, cast.ada, cast.ben);
    if (round > 0) say(`kill ${round} of ${rounds}: ${await agreed(stage, cast.admin, everybody)}`);
    if (round < rounds) {
      const target = await nextTarget(batches, cast);
      const after = 1 + (randomOf(`${seed}.${round}`) % Math.min(most, target.length - parallel));
      await importUntil(target, { cast, parallel, kill: { after, now: () => server.kill() } });
      continue;
    }
    for (const model of models) {
      await importUntil(
        batches.filter((batch) => batch.model === model),
        { cast, parallel, kill: null },
      );
      await expectAllRows(cast.admin, model, datasets[model].length);
    }
    say(`the rest imported: ${await agreed(stage, cast.admin, everybody)}`);
    await server.stop();
  }
}

/** What is left of the model under way, enough to be killed in the middle: routes wait until the last airport is in. */
async function nextTarget(batches: readonly Batch[], cast: Cast): Promise<Batch[]> {
  const left = batches.filter(({ state }) => state !== "done");
  const airports = left.filter(({ model }) => model === "airports");
  if (airports.length > 2 * parallel) return airports;
  await importUntil(airports, { cast, parallel, kill: null });
  return left.filter(({ model }) => model === "routes");
}

async function agreed(stage: Stage, reader: Caller, callers: readonly Caller[]): Promise<string> {
  // an outcome is written at the end of the event loop's turn, which may come after the answer: the last ones are at risk
  const interrupted = new Set(
    callers.flatMap((caller) => [...caller.unanswered(), ...caller.lastAnswered().slice(-parallel)]),
  );
  const cutOff = callers.reduce((sum, caller) => sum + caller.unanswered().size, 0);
  const { requests, differences } = await awaitAgreement({ proxy: stage.proxy, reader, callers, interrupted });
  if (differences.length === 0) return `${requests} requests, each with its one record; ${cutOff} cut off so far`;
  throw new Error([`${differences.length} differences:`, ...differences.slice(0, 20)].join("\n"));
}

async function expectAllRows(caller: Caller, model: (typeof models)[number], expected: number): Promise<void> {
  const found = (await readRows(caller.api, { model })).length;
  if (found !== expected) throw new Error(`${model} should have ${expected} rows after all kills, and has ${found}`);
}

/** A whole number below 2³² that depends on the seed alone. */
function randomOf(seed: string): number {
  return createHash("sha256").update(seed).digest().readUInt32BE();
}
