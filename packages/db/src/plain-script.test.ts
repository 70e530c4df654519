import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { json, stubUpstream } from "./client/testing/stub-upstream.ts";
import { trackedFetch } from "./tracked-fetch-entry.ts";

const { url, secretKey, publishableKey, ca, dbUrl } = inject("stack");

let journalDir: string;
let instance: string;
beforeEach(() => {
  journalDir = mkdtempSync(join(tmpdir(), "waybill-script-"));
  instance = `script-${crypto.randomUUID().slice(0, 8)}`;
});
afterEach(() => rmSync(journalDir, { recursive: true, force: true }));

/** Runs it to its own end; rejects when that does not come. */
async function runScript(options: object): Promise<string> {
  const script = join(import.meta.dirname, "testing", "plain-script.ts");
  const given = JSON.stringify({ journalDir, instance, secretKey, ...options });
  const { stdout } = await promisify(execFile)(process.execPath, [script, given], { timeout: 20_000 });
  return stdout;
}

it("a script that closes nothing ends by itself, and each of its calls has one record after the next start", async () => {
  const said = await runScript({ url, ca, key: publishableKey });
  expect(said.split("\n").filter((line) => line !== "").length).toBe(5);
  const next = trackedFetch({ url, secretKey, publishableKey, ca, journalDir, instance });
  expect(await next.flush(20_000)).toEqual({ flushed: true, pending: 0 });
  await next.close();
  const sql = postgres(dbUrl, { max: 1 });
  try {
    const records =
      await sql`select status, error_message from database_operations where client_id like ${`${instance}/%`}`;
    expect(records.length).toBe(5);
    expect(records.filter((record) => String(record["error_message"]).includes("OUTCOME_UNKNOWN"))).toEqual([]);
  } finally {
    await sql`delete from supabase_clients where client_id like ${`${instance}/%`}`;
    await sql.end();
  }
});

it("a script that ends while a failed call may still be retried keeps what came of it", async () => {
  await using upstream = await stubUpstream();
  upstream.answer = json(503, { message: "later" });
  await runScript({ url: upstream.url, key: "sb_publishable_abcdefghijklmnopqrstuv" });
  const texts = readdirSync(journalDir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rows"))
    .map((name) => readFileSync(join(journalDir, name), "utf8"));
  expect(texts.join("").match(/"status":"error"/g)?.length).toBe(5);
});
