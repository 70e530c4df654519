import { setTimeout as wait } from "node:timers/promises";
import { openCaller, type Caller } from "../callers/caller.ts";
import { type Cast, signCastIn } from "../callers/cast.ts";
import type { Airport } from "../data/datasets.ts";
import { awaitAgreement } from "../records/await-agreement.ts";
import { newCredentials, signIn } from "../smoke/people.ts";
import { expectRefusal } from "../smoke/refusals.ts";
import { makeAdmin } from "../stack/make-admin.ts";
import { startServer } from "../stack/server-process.ts";
import { openStage } from "../stack/stage.ts";
import { flatness, mebibytes } from "./flatness.ts";
import { type ProcessSample, sampleProcess } from "./process-sample.ts";

export interface SoakOptions {
  readonly airports: readonly Airport[];
  readonly minutes: number;
  readonly engine: "pglite" | "native";
  readonly say: (line: string) => void;
}

const workers = 6;
/** A round of a worker has six calls: about 60 a second in all, so that the proxy can keep every request of an hour. */
const roundMs = 600;
const sampleMs = 1000;
const sayEverySamples = 60;

/**
 * Serves callers for `minutes` and looks at the server's process every second. Throws when its memory or its handles
 * grow, when a call fails, and when the records are not those of the requests that a proxy saw.
 */
export async function runSoak({ airports, minutes, engine, say }: SoakOptions): Promise<void> {
  const scene = `soak-${Date.now().toString(36)}`;
  await using stage = await openStage({ instance: scene, engine });
  const adminCredentials = newCredentials(scene, "admin");
  await makeAdmin(stage.serverEnv, adminCredentials);
  await using server = await startServer({ env: stage.serverEnv, output: "inherit" });
  const { pid } = server.child;
  if (pid === undefined) throw new Error("the server has no process number");
  const cast = await signCastIn(scene, server.url, adminCredentials);
  const until = performance.now() + minutes * 60_000;
  const samples: ProcessSample[] = [];
  const watch = async (): Promise<void> => {
    while (performance.now() < until) {
      const sample = await sampleProcess(pid);
      samples.push(sample);
      if (samples.length % sayEverySamples === 0) {
        say(`${samples.length / sayEverySamples} min: ${mebibytes(sample.rss)}, ${sample.handles ?? "?"} handles`);
      }
      await wait(sampleMs);
    }
  };
  const guests: Caller[] = [];
  const visit = async (): Promise<void> => {
    for (let guest = 0; performance.now() < until; guest++) {
      const caller = openCaller(scene, { url: server.url, name: `guest${guest}` });
      await signIn(caller, adminCredentials);
      await caller.api.sessions.logout.mutate();
      guests.push(caller);
      await wait(5000);
    }
  };
  await Promise.all([watch(), visit(), ...own(airports, cast).map((work) => repeat(work, until))]);

  const callers = [cast.admin, cast.ada, cast.ben, ...guests];
  const agreement = await awaitAgreement({ proxy: stage.proxy, reader: cast.admin, callers, deadlineMs: 120_000 });
  const flat = flatness(samples);
  const handles = flat.handles === undefined ? "" : `, handles ${flat.handles[0]} then ${flat.handles[1]}`;
  say(
    `${agreement.requests} requests; memory ${mebibytes(flat.rss[0])} in the second quarter, ${mebibytes(flat.rss[1])} in the last${handles}`,
  );
  const found = [...flat.differences, ...agreement.differences];
  if (found.length > 0) throw new Error([`${found.length} differences:`, ...found.slice(0, 20)].join("\n"));
  await server.stop();
}

/** Each worker has an airport of its own, so that none waits for another's row. */
function own(airports: readonly Airport[], cast: Cast): (() => Promise<void>)[] {
  return airports
    .slice(0, workers)
    .map((airport, worker) => () => round(worker % 2 === 0 ? cast.ada : cast.ben, airport));
}

async function round({ api }: Caller, airport: Airport): Promise<void> {
  const model = "airports";
  const key = { iata: airport.iata };
  await api.data.create.mutate({ model, row: airport });
  await api.data.list.query({ model, limit: 50 });
  await api.data.get.query({ model, key });
  await api.data.update.mutate({ model, key, changes: { name: `${airport.name} (again)` } });
  await api.data.remove.mutate({ model, key });
  await expectRefusal(api.data.get.query({ model, key }), { code: "NOT_FOUND" });
}

async function repeat(work: () => Promise<void>, until: number): Promise<void> {
  while (performance.now() < until) {
    const next = performance.now() + roundMs;
    await work();
    await wait(Math.max(0, next - performance.now()));
  }
}
