import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createLogger } from "../../../log.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";
import { createTableChanges } from "./change-tables.ts";

const opened = new AsyncDisposableStack();
let stage: Stage;
let admin: Person;
beforeAll(async () => {
  stage = opened.use(await openStage());
  admin = await stage.newAdmin();
});
afterAll(() => opened.disposeAsync());

const owner = { type: "string", format: "uuid", "x-default": "auth.uid()" } as const;

async function plannedModel() {
  const model_name = `change_${randomBytes(6).toString("hex")}`;
  await admin.api.models.create.mutate({
    model_name,
    table_name: model_name,
    schema_version: "1.0.0",
    fields: { type: "object", required: ["id"], properties: { id: { type: "integer" }, user_id: owner } },
    rls_policies: { preset: "own-rows" },
  });
  const { fingerprint } = await admin.api.models.plan.mutate({ models: [model_name], sample_rows: 0 });
  return { model_name, fingerprint };
}

test("a change that stands is told even when the Data API fails behind it", async () => {
  const { model_name, fingerprint } = await plannedModel();
  const { waybill } = stage.services;
  const models = { ...waybill.models, getByName: () => Promise.reject(new Error("the Data API is gone")) };
  let log = "";
  const heard: string[] = [];
  const tables = createTableChanges({
    waybill: { ...waybill, models },
    changes: { changed: (name) => void heard.push(name) },
    dbUrl: inject("stack").dbUrl,
    folder: undefined,
    logger: createLogger("debug", { write: (line: string) => void (log += line) }),
  });
  const input = { fingerprint, confirm_destructive: false };
  expect(await tables.migrate(input, admin.userId)).toMatchObject({ already: false });
  expect(log).toContain("could not be found out");
  expect(heard).toEqual([model_name]);
  expect(await admin.api.models.get.query({ model_name })).toMatchObject({ applied_version: "1.0.0" });
});

test("the log tells who has dropped kept data for good", async () => {
  const { fingerprint } = await plannedModel();
  await admin.api.models.migrate.mutate({ fingerprint });
  await admin.api.models.purge.mutate({ fingerprint });
  const line = stage
    .log()
    .split("\n")
    .find((text) => text.includes("gone for good"));
  expect(line).toContain(fingerprint);
  expect(line).toContain(admin.userId);
});
