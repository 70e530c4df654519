import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { countingProxy, type CountingProxy } from "../client/testing/counting-proxy.ts";
import { methodsOf } from "../testing/methods-of.ts";
import { trackedFetch, type StandaloneFetch } from "../tracked-fetch-entry.ts";
import { keepingAnswers, observe, type Observation } from "./observation.ts";
import { builderCases } from "./cases/data.ts";
import { filterCases } from "./cases/filters.ts";
import { type ParityCase, TABLE } from "./parity-case.ts";
import { parts, type Part } from "./parts.ts";
import { dropTables, fillTables, makeTables, makeWorld } from "./world.ts";

// The same application with the platform's fetch and with the tracked one: it must not be able to tell them apart.

const stack = inject("stack");
const sql = postgres(stack.dbUrl, { max: 1, onnotice: () => undefined });
const journalDir = mkdtempSync(join(tmpdir(), "waybill-parity-"));
const instance = `parity-${crypto.randomUUID().slice(0, 8)}`;
let proxy: CountingProxy;
let tracked: StandaloneFetch;
beforeAll(async () => {
  await makeTables(sql);
  proxy = await countingProxy(stack);
  tracked = trackedFetch({ ...stack, url: proxy.url, journalDir, instance, allowHttpLoopback: true });
});
afterAll(async () => {
  await tracked.close();
  await proxy[Symbol.asyncDispose]();
  await dropTables(sql);
  await sql`delete from supabase_clients where client_id like ${`${instance}/%`}`;
  await sql.end();
  rmSync(journalDir, { recursive: true, force: true });
});

async function observed(part: Part, run: ParityCase[1], fetch: typeof globalThis.fetch): Promise<Observation> {
  if (part.needs === "rows") await fillTables(sql);
  const kept = keepingAnswers(fetch);
  const world = await makeWorld({ ...stack, url: proxy.url }, kept.fetch, part.needs);
  return await observe(() => run(world), kept.answers);
}

describe.each(parts.filter(({ cases }) => cases.length > 0))("$name", (part) => {
  const cases = part.cases.map(([name, run, outcome]) => ({ name, run, outcome }));
  it.each(cases)("$name", async ({ run, outcome }) => {
    const plain = await observed(part, run, globalThis.fetch);
    const recorded = await observed(part, run, tracked);
    expect(recorded.text).toBe(plain.text);
    // two failures of the case itself would be alike as well
    expect(plain.refused ? plain.text : "accepted").toMatch(outcome === "refused" ? /error|thrown/ : /^accepted$/);
  });
});

describe("an answer from memory", () => {
  // a write that was aborted keeps its table out of memory for a minute
  const cases = [...filterCases, ...builderCases].filter(([name]) => !name.includes("abort"));
  const fromMemory: string[] = [];
  let caching: StandaloneFetch;
  beforeAll(() => {
    const options = { journalDir: join(journalDir, "cache"), instance: `${instance}-cache`, allowHttpLoopback: true };
    const cache = { tables: { [TABLE]: { ttlMs: 3_600_000 }, [`${TABLE}_parts`]: { ttlMs: 3_600_000 } } };
    caching = trackedFetch({ ...stack, url: proxy.url, ...options, cache });
  });
  afterAll(async () => {
    await caching.close();
    await sql`delete from supabase_clients where client_id like ${`${instance}-cache/%`}`;
  });

  it.each(cases.map(([name, run]) => ({ name, run })))("to $name", async ({ name, run }) => {
    /** What the second of two runs sees. */
    const secondOf = async (fetch: typeof globalThis.fetch): Promise<Observation> => {
      await fillTables(sql);
      caching.invalidate(TABLE);
      const kept = keepingAnswers(fetch);
      const world = await makeWorld({ ...stack, url: proxy.url }, kept.fetch, "rows");
      await observe(() => run(world), []);
      kept.answers.length = 0;
      const seen = await observe(() => run(world), kept.answers);
      if (kept.answers.some(({ headers }) => headers.has("age"))) fromMemory.push(name);
      return seen;
    };
    const plain = await secondOf(globalThis.fetch);
    expect((await secondOf(caching)).text).toBe(plain.text);
  });

  it("is none only where something was written, refused or measured", () => {
    const others = cases.map(([name]) => name).filter((name) => !fromMemory.includes(name));
    expect(others).toEqual([
      "filter that is none",
      "select after a change",
      "range beyond the end",
      "single of none",
      "single of many",
      "geojson",
      "explain",
      "explain as JSON",
      "rollback",
      "maxAffected kept",
      "maxAffected passed",
      "throwOnError with one",
    ]);
  });
});

describe("the table", () => {
  const supabase = createClient("http://127.0.0.1:9", "sb_secret_x", { auth: { autoRefreshToken: false } });

  it.each(parts)("has a case for every method of $name, and no name that it has not", ({ of, cases, quiet = "" }) => {
    const methods = new Set(methodsOf(of(supabase)).filter((name) => name !== "constructor"));
    const named = new Set([...cases.map(([name]) => name.split(" ", 1)[0] ?? ""), ...quiet.split(/\s+/)]);
    named.delete("");
    expect([...named].toSorted()).toEqual([...methods].toSorted());
  });

  it("has every part of auth", () => {
    const known = new Set(parts.map(({ of }) => of(supabase)));
    const { auth } = supabase;
    const within = [auth, auth.admin, auth.mfa].flatMap((part) => Object.entries(part));
    const isPart = (value: unknown): value is object =>
      typeof value === "object" && value !== null && Object.values(value).some((one) => typeof one === "function");
    const missing = within.filter(([, value]) => isPart(value) && !known.has(value)).map(([name]) => name);
    expect(missing).toEqual(["storage"]);
  });

  it("calls in each case what it names", () => {
    for (const [name, run] of parts.flatMap(({ cases }) => cases)) {
      expect(String(run)).toContain(`.${name.split(" ", 1)[0]}(`);
    }
  });
});
