import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { type CountingProxy, countingProxy } from "../../client/testing/counting-proxy.ts";
import type { StackAddress } from "../../testing/global-stack.ts";
import { createWaybill } from "../../waybill.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface StackKillReport {
  /** Different requests that arrived at the proxy. */
  readonly seen: number;
  /** Those of them without exactly one record that is settled, with what there is. */
  readonly wrong: string[];
  /** Records that say OUTCOME_UNKNOWN. */
  readonly unknown: number;
  /** Torn records that recovery found. */
  readonly torn: number;
}

/**
 * kill -9 of a process that calls a real Supabase, at `rounds` moments that `seed` decides. Each round's process takes
 * over the journal of the one before; every third cannot flush, every second leaves a torn record behind.
 */
export async function stackKillRounds(stack: StackAddress, rounds: number, seed: string): Promise<StackKillReport> {
  await using proxy = await countingProxy(stack);
  using home = temporaryDirectory();
  const instance = `kill-${crypto.randomUUID()}`;
  const { publishableKey, secretKey } = stack;
  const options = { url: proxy.url, publishableKey, secretKey, journalDir: home.path, instance };
  let torn = 0;
  for (let round = 0; round < rounds; round++) {
    const random = createHash("sha256").update(`${seed}.${round}`).digest();
    const isAway = round % 3 === 1;
    proxy.hold = (path) =>
      isAway && path.endsWith("/record_operations") ? Promise.reject(new Error("away")) : undefined;
    await callAndKill(options, proxy, random.readUInt8(0) % 150, random.readUInt8(1) % 30);
    if (round % 2 === 1) torn += tearNewest(home.path);
  }
  proxy.hold = () => undefined;
  await using waybill = createWaybill({ ...options, allowHttpLoopback: true });
  const report = await waybill.flush(120_000);
  if (!report.flushed) throw new Error(`${report.pending} records were not flushed`);
  const { damaged } = waybill.health().ledger;
  // those that an earlier round found are kept beside the journals
  const kept = readdirSync(home.path).filter((name) => name.endsWith(".damaged")).length;
  if (kept < torn || damaged > torn) throw new Error(`${torn} records were torn, ${kept} found`);
  return { ...(await compare(stack.dbUrl, instance, proxy)), torn };
}

async function callAndKill(options: object, proxy: CountingProxy, calls: number, laterMs: number): Promise<void> {
  const script = join(import.meta.dirname, "call-forever.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ["pipe", "inherit", "inherit"] });
  const exited = once(child, "exit");
  const target = proxy.arrived.length + 10 + calls;
  const deadline = performance.now() + 60_000;
  try {
    while (proxy.arrived.length < target) {
      if (performance.now() > deadline || child.exitCode !== null) throw new Error("the callers do not call");
      await sleep(5);
    }
    await sleep(laterMs);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

/** Leaves half a record at the end of the newest journal, as a write that was cut off does; answers how many. */
function tearNewest(journalDir: string): number {
  const newest = readdirSync(journalDir)
    .filter((name) => /^[0-9a-f-]{36}$/.test(name))
    .toSorted()
    .at(-1);
  const intents = newest && readdirSync(join(journalDir, newest)).find((name) => name.endsWith(".intents"));
  if (newest === undefined || intents === undefined) return 0;
  const path = join(journalDir, newest, intents);
  const text = readFileSync(path);
  const [first = ""] = text.toString("utf8").split("\n");
  appendFileSync(path, first.slice(0, first.length >> 1));
  return 1;
}

async function compare(
  dbUrl: string,
  instance: string,
  proxy: CountingProxy,
): Promise<Pick<StackKillReport, "seen" | "wrong" | "unknown">> {
  const sql = postgres(dbUrl, { max: 1 });
  try {
    const rows = await sql`select request_id, status, error_message from database_operations
      where client_id like ${`${instance}/%`}`;
    const found = Map.groupBy(rows, ({ request_id }) => String(request_id));
    // an attempt that is sent again has the same request id: it is the same operation
    const seen = [...new Set(proxy.arrived)];
    const wrong = seen.flatMap((id) => {
      const statuses = (found.get(id) ?? []).map(({ status }) => String(status));
      return statuses.length === 1 && statuses[0] !== "pending" ? [] : [`${id}: ${statuses.join(", ") || "no record"}`];
    });
    const unknown = rows.filter(({ error_message }) => String(error_message).startsWith("OUTCOME_UNKNOWN")).length;
    await sql`delete from supabase_clients where client_id like ${`${instance}/%`}`;
    return { seen: seen.length, wrong, unknown };
  } finally {
    await sql.end();
  }
}
