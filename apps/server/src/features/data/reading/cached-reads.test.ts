import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { airportsModel } from "@waybill/contracts/demo-models";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

const sql = openSql(inject("stack").dbUrl);
let stage: Stage;
let ada: Person;
let eve: Person;

// a table of its own: other tests have a model of the airports
const model = "cached_airports";

beforeAll(async () => {
  await sql.unsafe(`create table ${model} (like airports including all);
    alter table ${model} enable row level security;
    revoke all on ${model} from anon;
    grant all on ${model} to authenticated, service_role;
    create policy read_all on ${model} for select to authenticated using (true);
    create policy change_own on ${model} to authenticated using (owner_id = (select auth.uid()))`);
  stage = await openStage({ env: { WAYBILL_CACHE_TABLES: `${model}=3600000` } });
  const admin = await stage.newAdmin();
  [ada, eve] = await Promise.all([stage.newUser(), stage.newUser()]);
  await admin.api.models.create.mutate({ ...airportsModel, model_name: model, table_name: model });
  // the Data API is told of the table in its own time
  await vi.waitFor(() => ada.api.data.list.query({ model }), { timeout: 20_000 });
});
afterAll(async () => {
  await sql.unsafe(`drop table ${model}`);
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

it("reads of a table in WAYBILL_CACHE_TABLES come from memory until a write passes through, and end with the session", async () => {
  const rest = { city: "Nome", state: "AK", country: "USA", latitude: 64.5, longitude: -165.4 };
  await ada.api.data.create.mutate({ model, row: { iata: "CAC1", name: "first", ...rest } });
  const requestId = crypto.randomUUID();
  const reader = stage.client(eve.sessionToken, { "x-request-id": requestId });
  const nameSeen = async () => (await reader.data.get.query({ model, key: { iata: "CAC1" } }))["name"];

  const { telemetry } = stage.services;
  await telemetry.metrics().read();
  expect(await nameSeen()).toBe("first");
  await sql`update ${sql(model)} set name = 'behind' where iata = 'CAC1'`;
  expect(await nameSeen()).toBe("first");
  await ada.api.data.update.mutate({ model, key: { iata: "CAC1" }, changes: { city: "Kiana" } });
  expect(await nameSeen()).toBe("behind");

  await stage.services.waybill.flush();
  const { rows } = await eve.api.operations.list.query({ request_id: requestId, table_name: model });
  expect(rows.map(({ attempts }) => attempts)).toEqual([1, 0, 1]);
  const metrics = await telemetry.metrics().read();
  expect(metrics).toMatch(/^waybill_operations_cached_total\{client_type="anon"\} 1$/m);
  expect(rows[1]).toMatchObject({ status: "success", user_id: eve.userId, response_data: { cached: true } });

  await eve.api.sessions.logout.mutate();
  expect(await refusalOf(nameSeen())).toMatchObject({ httpStatus: 401 });
});
