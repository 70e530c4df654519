import { openLedger } from "../open-ledger.ts";
import { CLIENT } from "./sample.ts";
import { stubSupabase } from "./stub-supabase.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { startWriter } from "./writer-process.ts";

export interface KillReport {
  /** Requests that arrived at the stub. */
  readonly seen: number;
  /** Those of them without a record, or with one that is still pending. */
  readonly lost: string[];
  /** Records that say OUTCOME_UNKNOWN. */
  readonly unknown: number;
}

/** Kills a busy process `rounds` times at different moments; each is followed by one that takes over its journal. */
export async function killRounds(rounds: number, seed: number): Promise<KillReport> {
  await using stub = await stubSupabase();
  using home = temporaryDirectory();
  for (let round = 0; round < rounds; round++) {
    await using writer = startWriter("loop", home.path, stub.url);
    const target = stub.seen.length + 50 + ((seed * (round + 1) * 7919) % 400);
    // Every third time the database is away, so that all records are in the journal alone.
    stub.fault = () => (round % 3 === 0 ? { status: 503, body: "" } : undefined);
    await stub.until(() => stub.seen.length >= target);
    await writer.kill();
  }
  stub.fault = () => undefined;
  const opened = openLedger({ journalDir: home.path, url: stub.url, secretKey: "sb_secret_test" });
  opened.clientRegistered(CLIENT);
  const report = await opened.flush(60_000);
  await opened.close();
  if (!report.flushed) throw new Error(`${report.pending} records were not flushed`);
  const lost = stub.seen.filter((id) => (stub.stored.get(id)?.status ?? "pending") === "pending");
  const unknown = [...stub.stored.values()].filter(({ status }) => status === "error").length;
  return { seen: stub.seen.length, lost, unknown };
}
