import { afterAll, describe, expect, test } from "vitest";
import { plainClients, rejection } from "../testing/plain-clients.ts";
import { createModelStore } from "./models.ts";

const clients = plainClients();
afterAll(() => clients[Symbol.asyncDispose]());
const models = createModelStore(clients.service);

let made = 0;
/** A definition that no other test uses. */
function definition() {
  made += 1;
  const name = `m_${made}_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const fields = { type: "object", properties: { id: { type: "string" } }, required: ["id"] } as const;
  return { model_name: name, table_name: name, schema_version: "1.0.0", fields };
}

const wider = {
  type: "object",
  properties: { id: { type: "string" }, note: { type: "string" } },
  required: ["id"],
} as const;
const narrower = { type: "object", properties: { id: { type: "integer" } }, required: ["id"] } as const;

async function versionsOf(modelId: string) {
  const { data, error } = await clients.service
    .from("data_model_versions")
    .select("schema_version, created_by")
    .eq("model_id", modelId)
    .order("created_at");
  if (error !== null) throw error;
  return data;
}

describe("creating", () => {
  test("stores the model, active, with its first version", async () => {
    const model = await models.create(definition(), "maker");
    expect(model).toMatchObject({ is_active: true, schema_version: "1.0.0", created_by: "maker", relationships: null });
    expect(await models.get({ model_id: model.model_id })).toEqual(model);
    expect(await models.getByName(model.model_name)).toEqual(model);
    expect(await versionsOf(model.model_id)).toEqual([{ schema_version: "1.0.0", created_by: "maker" }]);
  });

  test("a taken name, or the table of an active model, is MODEL_EXISTS and leaves no version", async () => {
    const first = definition();
    const model = await models.create(first, "maker");
    const table = await rejection(models.create({ ...definition(), table_name: first.table_name }, "maker"));
    const name = await rejection(models.create({ ...definition(), model_name: first.model_name }, "maker"));
    expect([table, name]).toMatchObject([{ code: "MODEL_EXISTS" }, { code: "MODEL_EXISTS", sqlstate: "23505" }]);
    expect(await versionsOf(model.model_id)).toHaveLength(1);
  });

  test.each([
    [{ schema_version: "1.0" }, "schema_version"],
    [{ table_name: "User" }, "table_name"],
    [{ table_name: "data_models" }, "table_name"],
    [{ model_name: "" }, "model_name"],
  ])("%j is VALIDATION_FAILED and names the field", async (change, field) => {
    const error = await rejection(models.create({ ...definition(), ...change }, "maker"));
    expect(error).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field }] });
  });
});

describe("updating", () => {
  test("replaces what is given, keeps the rest and the version before", async () => {
    const model = await models.create(definition(), "maker");
    const next = await models.update(
      { model_id: model.model_id },
      { schema_version: "1.1.0", fields: wider },
      "editor",
    );
    expect(next).toMatchObject({ schema_version: "1.1.0", fields: wider, created_by: "maker", is_active: true });
    expect(next.table_name).toBe(model.table_name);
    expect(Date.parse(next.updated_at)).toBeGreaterThanOrEqual(Date.parse(model.updated_at));
    expect(await versionsOf(model.model_id)).toEqual([
      { schema_version: "1.0.0", created_by: "maker" },
      { schema_version: "1.1.0", created_by: "editor" },
    ]);
  });

  test.each([
    ["1.0.0", wider, "1.1.0"],
    ["0.9.0", wider, "1.1.0"],
    ["1.0.1", wider, "1.1.0"],
    ["1.9.0", narrower, "2.0.0"],
  ])("%s does not fit its change: VERSION_TOO_LOW names the least", async (version, fields, least) => {
    const model = await models.create(definition(), "maker");
    const change = { schema_version: version, fields };
    const error = await rejection(models.update({ model_name: model.model_name }, change, "editor"));
    expect(error).toMatchObject({ code: "VERSION_TOO_LOW", message: expect.stringContaining(least) });
    expect(await models.get({ model_id: model.model_id })).toEqual(model);
  });

  test("of two who read the same version one wins, the other gets VERSION_CONFLICT or VERSION_TOO_LOW", async () => {
    const model = await models.create(definition(), "maker");
    const change = { schema_version: "1.1.0", fields: wider };
    const both = await Promise.allSettled([
      models.update({ model_id: model.model_id }, change, "one"),
      models.update({ model_id: model.model_id }, change, "two"),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const lost = both.find((result) => result.status === "rejected");
    expect(["VERSION_CONFLICT", "VERSION_TOO_LOW"]).toContain(lost?.reason.code);
    expect(await versionsOf(model.model_id)).toHaveLength(2);
  });
});

describe("deprecating and reactivating", () => {
  test("go back and forth, and are refused where they are already", async () => {
    const { model_name } = await models.create(definition(), "maker");
    const key = { model_name };
    expect(await rejection(models.reactivate(key))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
    expect(await models.deprecate(key)).toMatchObject({ is_active: false });
    expect(await rejection(models.deprecate(key))).toMatchObject({ code: "ILLEGAL_TRANSITION" });
    const change = { schema_version: "1.1.0", fields: wider };
    expect(await rejection(models.update(key, change, "editor"))).toMatchObject({ code: "MODEL_INACTIVE" });
    expect(await models.reactivate(key)).toMatchObject({ is_active: true, schema_version: "1.0.0" });
  });

  test("a model that is deprecated while its update is on the way stays as it was", async () => {
    const { model_id } = await models.create(definition(), "maker");
    await models.deprecate({ model_id });
    const changes = { schema_version: "1.1.0", changed_by: "late" };
    const late = { id: model_id, expected_version: "1.0.0", changes };
    expect((await clients.service.rpc("update_data_model", late)).data).toEqual([]);
    expect(await versionsOf(model_id)).toHaveLength(1);
  });

  test("a model whose table was taken meanwhile stays deprecated: MODEL_EXISTS", async () => {
    const first = definition();
    await models.create(first, "maker");
    await models.deprecate({ model_name: first.model_name });
    await models.create({ ...definition(), table_name: first.table_name }, "maker");
    const error = await rejection(models.reactivate({ model_name: first.model_name }));
    expect(error).toMatchObject({ code: "MODEL_EXISTS" });
    expect(await models.getByName(first.model_name)).toMatchObject({ is_active: false });
  });
});

describe("reading", () => {
  test("an unknown model is UNKNOWN_MODEL", async () => {
    const unknown = [
      ["model_name", models.getByName("nowhere")],
      ["model_id", models.get({ model_id: crypto.randomUUID() })],
    ] as const;
    for (const [field, work] of unknown) {
      expect(await rejection(work)).toMatchObject({ code: "UNKNOWN_MODEL", issues: [{ field, rule: "known" }] });
    }
  });

  test("a page follows the other without a gap or a repetition", async () => {
    const names = [];
    for (let n = 0; n < 5; n += 1) names.push((await models.create(definition(), "maker")).model_name);
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await models.list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.rows.map((row) => row.model_name));
      if (page.next_cursor === null) break;
      expect(page.rows).toHaveLength(2);
      cursor = page.next_cursor;
    }
    expect(seen).toEqual([...new Set(seen)]);
    expect(names.filter((name) => !seen.includes(name))).toEqual([]);
    expect(await models.list({ model_name: names[0] })).toMatchObject({
      rows: [{ model_name: names[0] }],
      next_cursor: null,
    });
  });

  test("a signed-in caller sees active models only", async () => {
    const { client } = await clients.signUp();
    const { model_name } = await models.create(definition(), "maker");
    expect(await models.getByName(model_name, client)).toMatchObject({ model_name });
    await models.deprecate({ model_name });
    expect(await rejection(models.getByName(model_name, client))).toMatchObject({ code: "UNKNOWN_MODEL" });
    expect((await models.list({ model_name }, client)).rows).toEqual([]);
    expect((await models.list({ model_name, is_active: false })).rows).toHaveLength(1);
  });
});
