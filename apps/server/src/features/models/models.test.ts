import { randomBytes } from "node:crypto";
import type { DataModelCreate } from "@waybill/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../../testing/refusal.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

let stage: Stage;
let admin: Person;
let user: Person;

beforeAll(async () => {
  stage = await openStage();
  admin = await stage.newAdmin();
  user = await stage.newUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const newName = (): string => `m_${randomBytes(6).toString("hex")}`;

type Definition = Pick<DataModelCreate, "model_name" | "table_name" | "schema_version" | "fields">;

function definition(changes: Partial<DataModelCreate> = {}): Definition & Partial<DataModelCreate> {
  const name = changes.model_name ?? newName();
  return {
    model_name: name,
    table_name: name,
    schema_version: "1.0.0",
    fields: {
      type: "object",
      properties: { id: { type: "string" }, title: { type: "string" } },
      required: ["id", "title"],
    },
    ...changes,
  };
}

describe("who may do what", () => {
  it("lets admins alone write models, and everybody signed in read the active ones", async () => {
    const model = definition();
    expect(await refusalOf(user.api.models.create.mutate(model))).toMatchObject({ code: "FORBIDDEN", httpStatus: 403 });
    expect(await refusalOf(stage.client().models.create.mutate(model))).toMatchObject({ code: "UNAUTHENTICATED" });
    const created = await admin.api.models.create.mutate(model);
    expect(created).toMatchObject({ ...model, is_active: true, created_by: admin.userId });
    expect(await user.api.models.get.query({ model_name: model.model_name })).toEqual(created);

    await admin.api.models.deprecate.mutate({ model_name: model.model_name });
    const hidden = await refusalOf(user.api.models.get.query({ model_name: model.model_name }));
    expect(hidden).toMatchObject({ code: "UNKNOWN_MODEL", httpStatus: 404, issues: [{ field: "model_name" }] });
    expect(await admin.api.models.get.query({ model_id: created.model_id })).toMatchObject({ is_active: false });
  });

  it("lists by name, page by page", async () => {
    await admin.api.models.create.mutate(definition());
    const first = await admin.api.models.list.query({ limit: 1 });
    expect(first.rows).toHaveLength(1);
    const second = await admin.api.models.list.query({ limit: 1, cursor: first.next_cursor ?? "" });
    expect((second.rows[0]?.model_name ?? "") > (first.rows[0]?.model_name ?? "")).toBe(true);
  });
});

describe("creating", () => {
  it("refuses a name that is taken, and a table that another active model has", async () => {
    const model = definition();
    await admin.api.models.create.mutate(model);
    expect(await refusalOf(admin.api.models.create.mutate(model))).toMatchObject({
      code: "MODEL_EXISTS",
      httpStatus: 409,
    });
    const sameTable = definition({ table_name: model.table_name });
    expect(await refusalOf(admin.api.models.create.mutate(sameTable))).toMatchObject({ code: "MODEL_EXISTS" });
  });

  it.each([
    ["fields.properties.id.type", { properties: { id: { type: "strnig" } } }],
    ["fields.properties.id", { properties: { id: { $ref: "https://example.com/x" } } }],
    ["fields.properties.id.pattern", { properties: { id: { type: "string", pattern: "(" } } }],
  ])("names %s when fields is no schema that can be kept", async (field, fields) => {
    const model = definition({ fields: { type: "object", ...fields } });
    const refused = await refusalOf(admin.api.models.create.mutate(model));
    expect(refused).toMatchObject({ code: "VALIDATION_FAILED", httpStatus: 400 });
    expect(refused.issues?.map((issue) => issue.field).join()).toContain(field);
  });

  it.each(["pg_class", "users; drop table x", "data_models", "select", "Upper"])(
    "refuses the table %s",
    async (table_name) => {
      const refused = await refusalOf(admin.api.models.create.mutate(definition({ table_name })));
      expect(refused).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "table_name" }] });
    },
  );

  it("lets relationships refer to models that exist, with columns that they have, or to itself", async () => {
    const parent = definition();
    await admin.api.models.create.mutate(parent);
    const relate = (model: string, columns: string[], references?: string[]) => ({
      relationships: [
        {
          name: "parent",
          kind: "many-to-one" as const,
          model,
          columns,
          on_delete: "cascade" as const,
          ...(references ? { references } : {}),
        },
      ],
    });
    const unknown = await refusalOf(admin.api.models.create.mutate(definition(relate("no_such_model", ["title"]))));
    expect(unknown).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "relationships.0.model" }] });
    const column = definition(relate(parent.model_name, ["title"], ["no_such"]));
    expect(await refusalOf(admin.api.models.create.mutate(column))).toMatchObject({
      issues: [{ field: "relationships.0.references" }],
    });
    const count = definition(relate(parent.model_name, ["id", "title"]));
    expect(await refusalOf(admin.api.models.create.mutate(count))).toMatchObject({
      issues: [{ field: "relationships.0.columns" }],
    });

    const name = newName();
    const own = await admin.api.models.create.mutate(
      definition({ model_name: name, table_name: name, ...relate(name, ["title"]) }),
    );
    expect(own.relationships).toMatchObject([{ model: name }]);
    const child = await admin.api.models.create.mutate(definition(relate(parent.model_name, ["title"])));
    expect(child.relationships).toMatchObject([{ model: parent.model_name }]);
  });
});

describe("updating", () => {
  it("names the least version that fits the change, and takes it", async () => {
    const model = definition();
    await admin.api.models.create.mutate(model);
    const { model_name } = model;
    const properties = { ...model.fields.properties, subtitle: { type: "string" } };
    const added = { type: "object" as const, properties, required: ["id", "title"] };
    const update = (schema_version: string, fields: DataModelCreate["fields"], expected_version = "1.0.0") =>
      admin.api.models.update.mutate({ model_name, expected_version, changes: { schema_version, fields } });

    const low = await refusalOf(update("1.0.1", added));
    expect(low).toMatchObject({
      code: "VERSION_TOO_LOW",
      httpStatus: 400,
      issues: [{ field: "changes.schema_version" }],
    });
    expect(low.message).toContain("1.1.0");
    expect(await update("1.1.0", added)).toMatchObject({ schema_version: "1.1.0", fields: added });

    const breaking = { type: "object" as const, properties: { id: { type: "string" } }, required: ["id"] };
    const stillLow = await refusalOf(update("1.2.0", breaking, "1.1.0"));
    expect(stillLow.message).toContain("2.0.0");
    expect(await update("2.0.0", breaking, "1.1.0")).toMatchObject({ schema_version: "2.0.0" });
  });

  it("counts what is no field too: another table or policy is breaking, a relationship more is an addition", async () => {
    const model = definition();
    await admin.api.models.create.mutate(model);
    const { model_name } = model;
    const update = (changes: {
      schema_version: string;
      table_name?: string;
      relationships?: DataModelCreate["relationships"];
    }) => admin.api.models.update.mutate({ model_name, expected_version: "1.0.0", changes });
    expect((await refusalOf(update({ schema_version: "1.9.9", table_name: newName() }))).message).toContain("2.0.0");
    const relationships = [
      {
        name: "self",
        kind: "many-to-one" as const,
        model: model_name,
        columns: ["title"],
        on_delete: "cascade" as const,
      },
    ];
    expect((await refusalOf(update({ schema_version: "1.0.1", relationships }))).message).toContain("1.1.0");
  });

  it("lets one of two who saw the same version win, and tells the other", async () => {
    const model = definition();
    await admin.api.models.create.mutate(model);
    const describeAs = (description: string) =>
      admin.api.models.update.mutate({
        model_name: model.model_name,
        expected_version: "1.0.0",
        changes: { schema_version: "1.0.1", fields: { ...model.fields, description } },
      });
    const outcomes = await Promise.allSettled([describeAs("one"), describeAs("two")]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await refusalOf(describeAs("three"))).toMatchObject({ code: "VERSION_CONFLICT", httpStatus: 409 });
  });

  it("refuses a deprecated model, and a second deprecation, and takes it back", async () => {
    const { model_name } = await admin.api.models.create.mutate(definition());
    expect(await refusalOf(admin.api.models.reactivate.mutate({ model_name }))).toMatchObject({
      code: "ILLEGAL_TRANSITION",
    });
    await admin.api.models.deprecate.mutate({ model_name });
    expect(await refusalOf(admin.api.models.deprecate.mutate({ model_name }))).toMatchObject({
      code: "ILLEGAL_TRANSITION",
      httpStatus: 409,
    });
    const changes = { schema_version: "1.0.1", indexes: null };
    const refused = await refusalOf(admin.api.models.update.mutate({ model_name, expected_version: "1.0.0", changes }));
    expect(refused).toMatchObject({ code: "MODEL_INACTIVE" });
    expect(await admin.api.models.reactivate.mutate({ model_name })).toMatchObject({ is_active: true });
  });
});

describe("versions", () => {
  it("are all kept, the newest first, page by page, with who made them", async () => {
    const model = definition();
    await admin.api.models.create.mutate(model);
    const { model_name } = model;
    const versions = ["1.1.0", "2.0.0"];
    let expected_version = "1.0.0";
    for (const schema_version of versions) {
      const title = { type: "string" as const, maxLength: schema_version === "2.0.0" ? 20 : 200 };
      const properties = { id: { type: "string" }, title, note: { type: "string" } };
      const fields = { ...model.fields, properties };
      const changes = { schema_version: schema_version === "1.1.0" ? "2.0.0" : "3.0.0", fields };
      await admin.api.models.update.mutate({ model_name, expected_version, changes });
      expected_version = changes.schema_version;
    }
    const { rows, next_cursor } = await admin.api.models.history.query({ model_name, limit: 2 });
    expect(rows.map(({ schema_version }) => schema_version)).toEqual(["3.0.0", "2.0.0"]);
    expect(rows[0]).toMatchObject({ model_name, created_by: admin.userId, fields: { properties: { note: {} } } });
    const rest = await admin.api.models.history.query({ model_name, limit: 2, cursor: next_cursor ?? "" });
    expect([rest.rows.map(({ schema_version }) => schema_version), rest.next_cursor]).toEqual([["1.0.0"], null]);
  });

  it("differ in words, one from another or from the current one", async () => {
    const model = definition();
    await admin.api.models.create.mutate(model);
    const { model_name } = model;
    const properties = { ...model.fields.properties, note: { type: "string" } };
    const changes = { schema_version: "1.1.0", fields: { ...model.fields, properties } };
    await admin.api.models.update.mutate({ model_name, expected_version: "1.0.0", changes });
    expect(await admin.api.models.diff.query({ model_name, from: "1.0.0" })).toEqual({
      from: "1.0.0",
      to: "1.1.0",
      change: "minor",
      differences: [{ path: "fields.properties.note", kind: "added", text: "column note is new" }],
    });
    expect(await admin.api.models.diff.query({ model_name, from: "1.1.0", to: "1.0.0" })).toMatchObject({
      change: "major",
      differences: [{ kind: "removed", text: "column note is gone" }],
    });
    const unknown = admin.api.models.diff.query({ model_name, from: "1.0.7" });
    expect(await refusalOf(unknown)).toMatchObject({
      code: "NOT_FOUND",
      hint: expect.stringContaining("models.history"),
    });
  });
});
