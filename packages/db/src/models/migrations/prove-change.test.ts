import { scratchDatabase } from "@waybill/local-supabase";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fingerprintOf } from "./migration-plan.ts";
import {
  migrationPlanSchema,
  planChange,
  proveChange,
  type MigrationPlan,
  type ScratchDatabase,
  type Statement,
} from "./index.ts";
import { after, before, renames, sampleRows } from "./testing/flights.ts";

const rows = sampleRows(1000);
const opened = new AsyncDisposableStack();
let native: ScratchDatabase;
beforeAll(async () => {
  native = opened.use(await scratchDatabase({ engine: "native" }));
});
afterAll(() => opened.disposeAsync());

test.each(["pglite", "native"] as const)(
  "on %s a change of many kinds is proven both ways with its rows",
  async (engine) => {
    const scratch = engine === "native" ? native : opened.use(await scratchDatabase({ engine }));
    const planned = await planChange({ scratch, before, after, renames, rows });
    // as one that was stored and read again
    const plan = migrationPlanSchema.parse(JSON.parse(JSON.stringify(planned)));
    const proof = await proveChange({ scratch, plan, rows });
    expect(proof.steps.map(({ name }) => name)).toEqual(["up", "down", "up again", "down again"]);
    expect(proof.rows).toEqual({ "public.flights": 1000, "public.gone": 5, "public.places": 20 });
    expect(proof.loses.map((text) => text.replace(/:.*/, "")).sort()).toEqual([
      "All rows of public.gone",
      "The values of public.flights.name",
      "The values of public.flights.note",
      "What character varying(8) cannot hold of the values of public.flights.code, which are text now",
      "What date cannot hold of the values of public.flights.d, which are timestamp with time zone now",
      "What numeric(12,1) cannot hold of the values of public.flights.price, which are numeric(10,2) now",
    ]);
    expect(await scratch.query("select to_regclass('public.flights') as left")).toEqual([{ left: null }]);
  },
);

test("a plan that ends elsewhere, brings rows not back or loses some silently fails its proof", async () => {
  const scratch = native;
  const plan = await planChange({ scratch, before, after, renames, rows });
  const without = (way: "up" | "down", drop: (statement: Statement) => boolean): MigrationPlan => {
    const changed = { ...plan, [way]: plan[way].filter((statement) => !drop(statement)) };
    return { ...changed, fingerprint: fingerprintOf(changed) };
  };
  const refusal = (bad: MigrationPlan): Promise<unknown> =>
    proveChange({ scratch, plan: bad, rows }).catch((thrown: unknown) => thrown);
  expect(await refusal({ ...plan, up: plan.up.slice(1) })).toMatchObject({ code: "PLAN_CHANGED" });
  expect(await refusal(without("up", ({ kind }) => kind === "create policy"))).toMatchObject({
    code: "PROOF_FAILED",
    lines: [expect.stringContaining("missing: policy public.flights own")],
  });
  expect(await refusal(without("down", ({ kind }) => kind === "create index"))).toMatchObject({
    code: "PROOF_FAILED",
  });
  expect(
    await refusal(without("down", ({ kind, sql }) => kind === "restore data" && sql.includes("flights_note_"))),
  ).toMatchObject({
    code: "PROOF_FAILED",
    message: "The way down does not bring back 666 of 1000 rows of public.flights.",
  });
  const lossy = {
    ...plan,
    up: plan.up.map((one) =>
      one.kind === "alter default"
        ? {
            ...one,
            sql: `${one.sql}; update public.flights set owner = id::text::uuid where false; delete from public.flights where id = 7`,
          }
        : one,
    ),
  };
  expect(await refusal({ ...lossy, fingerprint: fingerprintOf(lossy) })).toMatchObject({
    code: "PROOF_FAILED",
    message: "The way up changes 1 of 1000 rows of public.flights and does not say so.",
  });
});
