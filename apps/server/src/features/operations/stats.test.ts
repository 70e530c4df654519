import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { refusalOf } from "../../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

let stage: Stage;
let admin: Person;
let ada: Person;

beforeAll(async () => {
  stage = await openStage();
  [admin, ada] = await Promise.all([stage.newAdmin(), stage.newUser()]);
  // more than anybody of the other tests
  for (let call = 0; call < 300; call += 1) await ada.api.sessions.list.query({});
  await stage.services.waybill.flush();
});
afterAll(() => stage[Symbol.asyncDispose]());

it("counts what this server's clients did, and who asked most", async () => {
  const { client_id } = stage.services.waybill.health().service_role;
  const { totals, series, tables } = await admin.api.operations.stats.query({ client_id });
  const { rows } = await admin.api.operations.list.query({ client_id, limit: 200 });
  expect(totals?.operations).toBeGreaterThanOrEqual(3);
  // the list's own calls came after
  expect(totals?.operations).toBeLessThanOrEqual(rows.length);
  expect(totals?.p95_ms).toBeGreaterThanOrEqual(1);
  expect(series?.reduce((sum, point) => sum + point.operations, 0)).toBe(totals?.operations);
  expect(tables?.map((row) => row.table_name)).toContain("authentication_contexts");
  const { users } = await admin.api.operations.stats.query({ parts: ["users"] });
  expect(users?.find((row) => row.user_id === ada.userId)?.operations).toBeGreaterThanOrEqual(300);
});

it("shows the partitions, and the upkeep that one of the servers does with its retention", async () => {
  const upkeep = await vi.waitFor(
    async () => {
      const retention = await admin.api.operations.retention.query();
      expect(retention).toMatchObject({ last_upkeep: { retention_days: 30 }, jobs_run_by: expect.any(String) });
      return retention;
    },
    { timeout: 30_000, interval: 200 },
  );
  expect(upkeep.partitions.length).toBeGreaterThanOrEqual(8);
});

it("refuses who is no admin", async () => {
  const refusals = [
    await refusalOf(ada.api.operations.stats.query({})),
    await refusalOf(ada.api.operations.retention.query()),
  ];
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: "FORBIDDEN", httpStatus: 403 });
});

it("names the field of a time that holds too many points", async () => {
  const refusal = await refusalOf(
    admin.api.operations.stats.query({ created_from: "2000-01-01T00:00:00Z", step: "minute" }),
  );
  expect(refusal).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "created_from" }] });
});
