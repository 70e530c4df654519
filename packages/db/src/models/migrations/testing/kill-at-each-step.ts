import { fork } from "node:child_process";
import { on, once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { catalogDigest, readCatalog } from "../catalog.ts";
import type { MigrationPlan } from "../index.ts";
import type { SqlSession } from "../sql-session.ts";

/** Lets a process make a change up to its n-th step, and kills it there. True when it had come to its end before. */
async function killedAt(dbUrl: string, way: "up" | "down", plan: MigrationPlan, step: number): Promise<boolean> {
  const child = fork(join(import.meta.dirname, "apply-process.ts"), { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const said: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const signal = AbortSignal.timeout(60_000);
  try {
    child.send({ dbUrl, way, plan });
    let n = 0;
    for await (const [next] of on(child, "message", { signal, close: ["exit"] })) {
      if (next === "done") return true;
      if (n++ === step) return false;
      child.send("on");
    }
    throw new Error(`The process ended by itself: ${said.join("")}`);
  } finally {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
    child.kill("SIGKILL");
    await ended;
  }
}

export interface KillReport {
  /** At how many steps it was killed. */
  readonly kills: number;
  readonly wrong: readonly string[];
}

/** Kills a change at its first step, at its second, and so on, until one comes to its end: each time nothing must be changed. */
export async function killAtEachStep(
  live: SqlSession,
  dbUrl: string,
  way: "up" | "down",
  plan: MigrationPlan,
  steps?: readonly number[],
): Promise<KillReport> {
  const [from, to] =
    way === "up" ? [plan.catalogs.before, plan.catalogs.after] : [plan.catalogs.after, plan.catalogs.before];
  const wrong: string[] = [];
  const recorded = async (): Promise<number> =>
    (await live.query("select 1 from supabase_migrations.schema_migrations where name = 'killed'")).length;
  const rows = await recorded();
  for (let step = 0; ; step++) {
    if (steps !== undefined && steps[step] === undefined) return { kills: step, wrong };
    const done = await killedAt(dbUrl, way, plan, steps?.[step] ?? step);
    const end = performance.now() + 10_000;
    const expected = done ? to : from;
    // the server notices that the process is gone when it reads from it
    while (catalogDigest(await readCatalog(live, plan.tables)) !== expected) {
      if (performance.now() > end) {
        wrong.push(`killed at step ${step}, the schema is another`);
        break;
      }
      await wait(50);
    }
    const expectedRows = done ? (way === "up" ? 1 : 0) : rows;
    if ((await recorded()) !== expectedRows) wrong.push(`killed at step ${step}, the row is another`);
    if (done) return { kills: step, wrong };
  }
}
