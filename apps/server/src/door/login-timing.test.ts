import fc from "fast-check";
import { expect, inject, it } from "vitest";
import { credentials, openStage, type Stage } from "../testing/stage.ts";
import { greaterShare, spreadOfShare } from "../testing/greater-share.ts";

const { tries, seed } = inject("logins");
/**
 * The embedded Supabase Auth hashes in JavaScript, one password at a time: with so many at once, and so high a floor, it
 * is done with all of them in time, also on a busy machine.
 */
const atOnce = 8;
const floorMs = 2000;
/** 2,000 tries take nine minutes on a machine that has the time. */
const patienceMs = 1_800_000;

interface Times {
  readonly known: number[];
  readonly unknown: number[];
}

it(
  `takes no longer to refuse an account that exists: ${tries} tries (seed ${seed})`,
  async () => {
    await using stage = await openStage({ env: { WAYBILL_LOGIN_FLOOR_MS: String(floorMs) } });
    const times = await measure(stage, tries, atOnce);
    // what chance alone does stays within five of its spreads in all but one of a million runs
    const share = greaterShare(times.known, times.unknown);
    console.log(`known addresses took longer in ${(share * 100).toFixed(1)} % of all pairs; medians ${medians(times)}`);
    expect(Math.abs(share - 0.5)).toBeLessThan(5 * spreadOfShare(tries / 2, tries / 2));
  },
  patienceMs,
);

it("would be seen without a floor", async () => {
  await using stage = await openStage({ env: { WAYBILL_LOGIN_FLOOR_MS: "0" } });
  const times = await measure(stage, 40, 1);
  expect(greaterShare(times.known, times.unknown)).toBeGreaterThan(0.8);
});

/** Wrong passwords for an address with an account and for addresses without one, by turns that a seed has shuffled. */
async function measure(stage: Stage, count: number, atOnce: number): Promise<Times> {
  const { email: known } = await stage.newUser();
  const times: Times = { known: [], unknown: [] };
  const kinds = Array.from({ length: count }, (_, at) => (at % 2 === 0 ? ("known" as const) : ("unknown" as const)));
  const queue = fc.sample(fc.shuffledSubarray(kinds, { minLength: count }), { seed, numRuns: 1 }).flat();
  const run = async (): Promise<void> => {
    for (let kind = queue.pop(); kind !== undefined; kind = queue.pop()) {
      const [unknown, password] = credentials();
      const body = JSON.stringify({ email: kind === "known" ? known : unknown, password });
      const headers = { "content-type": "application/json" };
      const begun = performance.now();
      const answer = await fetch(`${stage.url}/trpc/sessions.login`, { method: "POST", headers, body });
      await answer.arrayBuffer();
      times[kind].push(performance.now() - begun);
      expect(answer.status).toBe(401);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  return times;
}

function medians({ known, unknown }: Times): string {
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return `${median(known).toFixed(2)} ms and ${median(unknown).toFixed(2)} ms`;
}
