import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { refusalOf } from "../../testing/refusal.ts";
import { airportsModel, routesModel } from "@waybill/contracts/demo-models";
import { openSql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

let stage: Stage;
let admin: Person;
let ada: Person;
let eve: Person;

beforeAll(async () => {
  stage = await openStage();
  [admin, ada, eve] = await Promise.all([stage.newAdmin(), stage.newUser(), stage.newUser()]);
  await admin.api.models.create.mutate(airportsModel);
  await admin.api.models.create.mutate(routesModel);
});
afterAll(() => stage[Symbol.asyncDispose]());

const airport = (iata: string, changes: Record<string, string | number> = {}) => ({
  iata,
  name: `Airport ${iata}`,
  city: "Nome",
  state: "AK",
  country: "USA",
  latitude: 64.5,
  longitude: -165.4,
  ...changes,
});

describe("data.create", () => {
  it("writes a row that belongs to the caller, and records it under caller, session, request and model", async () => {
    const api = stage.client(ada.sessionToken, { "x-request-id": "create-1" });
    const row = await api.data.create.mutate({ model: "airports", row: airport("AAA1") });
    expect(row).toEqual({ ...airport("AAA1"), owner_id: ada.userId });
    await stage.services.waybill.flush();
    const { rows } = await ada.api.operations.list.query({ request_id: "create-1", table_name: "airports" });
    expect(rows).toMatchObject([
      { operation_type: "create", status: "success", user_id: ada.userId, schema_version: "1.0.0", attempts: 1 },
    ]);
    const me = await ada.api.sessions.me.query();
    const model = await ada.api.models.get.query({ model_name: "airports" });
    expect(rows[0]).toMatchObject({ session_id: me.session?.session_id, model_id: model.model_id });
  });

  it.each([
    ["row.iata", "pattern", { iata: "lower" }],
    ["row.latitude", "maximum", { latitude: 91 }],
    ["row.name", "type", { name: 7 }],
  ])("names %s and the rule %s before Postgres sees the row", async (field, rule, changes) => {
    const refused = await refusalOf(ada.api.data.create.mutate({ model: "airports", row: airport("AAA2", changes) }));
    expect(refused).toMatchObject({
      code: "VALIDATION_FAILED",
      httpStatus: 400,
      operation_id: null,
      issues: [{ field, rule }],
    });
  });

  it("refuses a column that the model has not, and a model that is not there", async () => {
    const row = airport("AAA3", { colour: "red" });
    const column = await refusalOf(ada.api.data.create.mutate({ model: "airports", row }));
    expect(column).toMatchObject({ code: "UNKNOWN_COLUMN", httpStatus: 400, issues: [{ field: "row.colour" }] });
    const model = await refusalOf(ada.api.data.create.mutate({ model: "nowhere", row }));
    expect(model).toMatchObject({
      code: "UNKNOWN_MODEL",
      httpStatus: 404,
      issues: [{ field: "model", rule: "known" }],
    });
  });

  it("names the operation and the columns of what Postgres refuses", async () => {
    await ada.api.data.create.mutate({ model: "airports", row: airport("AAA4") });
    const twice = await refusalOf(ada.api.data.create.mutate({ model: "airports", row: airport("AAA4") }));
    expect(twice).toMatchObject({
      code: "UNIQUE_VIOLATION",
      httpStatus: 409,
      issues: [{ field: "row.iata", rule: "23505" }],
    });
    expect(twice.operation_id).toMatch(/^[0-9a-f-]{36}$/);
    const nowhere = { origin: "AAA4", destination: "ZZZZ", count: 3 };
    const dangling = await refusalOf(ada.api.data.create.mutate({ model: "routes", row: nowhere }));
    expect(dangling).toMatchObject({
      code: "FOREIGN_KEY_VIOLATION",
      httpStatus: 409,
      issues: [{ field: "row.destination" }],
    });
  });

  it("lets no one write a row in another's name", async () => {
    const row = airport("AAA5", { owner_id: ada.userId });
    const refused = await refusalOf(eve.api.data.create.mutate({ model: "airports", row }));
    expect(refused).toMatchObject({ code: "RLS_DENIED", httpStatus: 403 });
    expect(refused.message).not.toMatch(/select|insert/i);
  });
});

describe("data.createMany", () => {
  it("writes all rows or none, and names the row that is wrong", async () => {
    const rows = ["BBB1", "BBB2", "BBB3"].map((iata) => airport(iata));
    const created = await ada.api.data.createMany.mutate({ model: "airports", rows });
    expect(created.rows.map(({ iata }) => iata)).toEqual(["BBB1", "BBB2", "BBB3"]);
    const wrong = await refusalOf(
      ada.api.data.createMany.mutate({
        model: "airports",
        rows: [airport("BBB4"), airport("BBB5", { longitude: 200 })],
      }),
    );
    expect(wrong).toMatchObject({
      code: "VALIDATION_FAILED",
      issues: [{ field: "rows.1.longitude", rule: "maximum" }],
    });
    const taken = [airport("BBB6"), airport("BBB1")];
    expect(await refusalOf(ada.api.data.createMany.mutate({ model: "airports", rows: taken }))).toMatchObject({
      code: "UNIQUE_VIOLATION",
    });
    expect(await refusalOf(ada.api.data.get.query({ model: "airports", key: { iata: "BBB6" } }))).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("takes 1,000 rows, and refuses one more", async () => {
    const rows = Array.from({ length: 1001 }, (_, index) => airport(`C${String(index).padStart(3, "0")}`.slice(0, 4)));
    const refused = await refusalOf(ada.api.data.createMany.mutate({ model: "airports", rows }));
    expect(refused).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "rows" }] });
    const created = await ada.api.data.createMany.mutate({ model: "airports", rows: rows.slice(0, 1000) });
    expect(created.rows).toHaveLength(1000);
  });
});

describe("data.get, update and remove", () => {
  it("asks for exactly the primary key", async () => {
    for (const key of [{ name: "x" }, { iata: "AAA1", name: "x" }]) {
      const refused = await refusalOf(ada.api.data.get.query({ model: "airports", key }));
      expect(refused).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "key", rule: "primary_key" }] });
    }
    const text = await refusalOf(ada.api.data.get.query({ model: "airports", key: { iata: 7 } }));
    expect(text).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "key.iata", rule: "type" }] });
  });

  it("changes the caller's own row, tells a row that is not there from one that is another's", async () => {
    await ada.api.data.create.mutate({ model: "airports", row: airport("DDD1") });
    const key = { iata: "DDD1" };
    const changed = await ada.api.data.update.mutate({ model: "airports", key, changes: { city: "Sitka" } });
    expect(changed).toMatchObject({ iata: "DDD1", city: "Sitka" });

    const foreign = await refusalOf(eve.api.data.update.mutate({ model: "airports", key, changes: { city: "Rome" } }));
    expect(foreign).toMatchObject({ code: "RLS_DENIED", httpStatus: 403 });
    expect(await refusalOf(eve.api.data.remove.mutate({ model: "airports", key }))).toMatchObject({
      code: "RLS_DENIED",
    });
    expect(await eve.api.data.get.query({ model: "airports", key })).toMatchObject({ city: "Sitka" });

    const gone = await refusalOf(
      ada.api.data.update.mutate({ model: "airports", key: { iata: "NONE" }, changes: { city: "x" } }),
    );
    expect(gone).toMatchObject({ code: "NOT_FOUND", httpStatus: 404 });
    const wrong = await refusalOf(
      ada.api.data.update.mutate({ model: "airports", key, changes: { latitude: "north" } }),
    );
    expect(wrong).toMatchObject({ code: "VALIDATION_FAILED", issues: [{ field: "changes.latitude", rule: "type" }] });

    expect(await ada.api.data.remove.mutate({ model: "airports", key })).toMatchObject({ city: "Sitka" });
    expect(await refusalOf(ada.api.data.remove.mutate({ model: "airports", key }))).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("keeps what is still referred to", async () => {
    await ada.api.data.createMany.mutate({ model: "airports", rows: [airport("EEE1"), airport("EEE2")] });
    await ada.api.data.create.mutate({ model: "routes", row: { origin: "EEE1", destination: "EEE2", count: 9 } });
    const refused = await refusalOf(ada.api.data.remove.mutate({ model: "airports", key: { iata: "EEE2" } }));
    expect(refused).toMatchObject({ code: "FOREIGN_KEY_VIOLATION", httpStatus: 409 });
    const route = await ada.api.data.get.query({ model: "routes", key: { origin: "EEE1", destination: "EEE2" } });
    expect(route).toMatchObject({ count: 9 });
  });
});

describe("data.list", () => {
  it("filters by every operator", async () => {
    const rows = [
      airport("FFF1", { state: "F1", city: "Ünder_score", latitude: 1 }),
      airport("FFF2", { state: "F1", city: 'a,b.(c)"d\\e', latitude: 2 }),
      airport("FFF3", { state: "F1", city: "null", latitude: 3 }),
    ];
    await ada.api.data.createMany.mutate({ model: "airports", rows });
    const found = async (...filters: Parameters<typeof ada.api.data.list.query>[0]["filters"] & object) => {
      const all = [{ column: "state", op: "eq" as const, value: "F1" }, ...filters];
      const { rows } = await eve.api.data.list.query({ model: "airports", filters: all });
      return rows.map(({ iata }) => iata);
    };
    expect(await found()).toEqual(["FFF1", "FFF2", "FFF3"]);
    expect(await found({ column: "latitude", op: "gt", value: 1 })).toEqual(["FFF2", "FFF3"]);
    expect(
      await found({ column: "latitude", op: "gte", value: 2 }, { column: "latitude", op: "lt", value: 3 }),
    ).toEqual(["FFF2"]);
    expect(await found({ column: "latitude", op: "lte", value: 1 })).toEqual(["FFF1"]);
    expect(await found({ column: "iata", op: "neq", value: "FFF1" })).toEqual(["FFF2", "FFF3"]);
    expect(await found({ column: "city", op: "like", value: "Ünd%" })).toEqual(["FFF1"]);
    expect(await found({ column: "city", op: "ilike", value: "ünd%" })).toEqual(["FFF1"]);
    expect(await found({ column: "city", op: "eq", value: "null" })).toEqual(["FFF3"]);
    expect(await found({ column: "city", op: "eq", value: 'a,b.(c)"d\\e' })).toEqual(["FFF2"]);
    expect(await found({ column: "city", op: "in", value: ['a,b.(c)"d\\e', "null", "none"] })).toEqual([
      "FFF2",
      "FFF3",
    ]);
    expect(await found({ column: "owner_id", op: "is", value: null })).toEqual([]);
  });

  it("walks through all rows once, in any order, also where values repeat", async () => {
    const rows = Array.from({ length: 25 }, (_, index) =>
      airport(`G${100 + index}`, { state: "GG", city: `c${index % 4}` }),
    );
    await ada.api.data.createMany.mutate({ model: "airports", rows });
    const filters = [{ column: "state", op: "eq" as const, value: "GG" }];
    for (const direction of ["asc", "desc"] as const) {
      const seen: unknown[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await ada.api.data.list.query({
          model: "airports",
          filters,
          columns: ["city"],
          order: [{ column: "city", direction }],
          limit: 7,
          ...(cursor ? { cursor } : {}),
        });
        expect(Object.keys(page.rows[0] ?? {})).toEqual(["city"]);
        seen.push(...page.rows.map(({ city }) => city));
        cursor = page.next_cursor;
      } while (cursor !== null);
      const expected = rows.map(({ city }) => city).sort();
      expect(seen).toEqual(direction === "asc" ? expected : expected.toReversed());
    }
  });

  it("puts nulls last and pages through them, in both directions", async () => {
    const owners = [ada.userId, eve.userId, null, null, null];
    const rows = owners.map((owner_id, index) => ({ ...airport(`H10${index}`), state: "HH", owner_id }));
    const sql = openSql(inject("stack").dbUrl);
    await sql`insert into public.airports ${sql(rows)}`;
    await sql.end();
    for (const direction of ["asc", "desc"] as const) {
      const seen: unknown[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await ada.api.data.list.query({
          model: "airports",
          filters: [{ column: "state", op: "eq", value: "HH" }],
          order: [{ column: "owner_id", direction }],
          limit: 2,
          ...(cursor ? { cursor } : {}),
        });
        seen.push(...page.rows.map(({ owner_id }) => owner_id));
        cursor = page.next_cursor;
      } while (cursor !== null);
      const ids = [ada.userId, eve.userId].sort();
      expect(seen).toEqual([...(direction === "asc" ? ids : ids.toReversed()), null, null, null]);
    }
  });

  it.each([
    ["columns.0", { columns: ["colour"] }],
    ["filters.0.column", { filters: [{ column: "colour", op: "eq" as const, value: 1 }] }],
    ["filters.0.value", { filters: [{ column: "latitude", op: "eq" as const, value: "north" }] }],
    ["filters.0.op", { filters: [{ column: "latitude", op: "like" as const, value: "6%" }] }],
    ["filters.0.value", { filters: [{ column: "name", op: "is" as const, value: true }] }],
    ["filters.0.column", { filters: [{ column: "name)--", op: "eq" as const, value: 1 }] }],
    ["order.0.column", { order: [{ column: "colour" }] }],
    ["limit", { limit: 0 }],
    ["cursor", { cursor: "AAAA" }],
    ["cursor", { cursor: Buffer.from('["-iata",["X"]]').toString("base64url") }],
  ])("names %s when it does not fit the model", async (field, input) => {
    const refused = await refusalOf(ada.api.data.list.query({ model: "airports", ...input }));
    expect(refused.httpStatus).toBe(400);
    expect(refused.issues?.map((issue) => issue.field)).toContain(field);
  });
});

describe("values that only Postgres can refuse", () => {
  it.each([
    ["airports", { filters: [{ column: "owner_id", op: "eq" as const, value: "no uuid" }] }],
    ["airports", { filters: [{ column: "owner_id", op: "eq" as const, value: "[LEDGER_FULL]" }] }],
    ["airports", { filters: [{ column: "owner_id", op: "in" as const, value: ["no uuid", 'x","y'] }] }],
    ["routes", { filters: [{ column: "count", op: "lt" as const, value: 1e300 }] }],
    ["routes", { filters: [{ column: "count", op: "in" as const, value: [2 ** 53] }] }],
  ])("are the caller's fault in %s: %j", async (model, input) => {
    const refused = await refusalOf(ada.api.data.list.query({ model, ...input }));
    expect(refused).toMatchObject({ code: "INVALID_VALUE", httpStatus: 400, issues: [{ field: "filters" }] });
    expect(refused.operation_id).not.toBeNull();
  });

  it("are refused by a trigger in its author's words, with an SQLSTATE of its author's too", async () => {
    const sql = openSql(inject("stack").dbUrl);
    await sql.unsafe(`create function public.refuse_route() returns trigger language plpgsql as $$
      begin raise exception 'no such route is flown' using errcode = 'ZZ' || new.count; end $$;
      create trigger refuse_route before insert on public.routes for each row when (new.count between 400 and 403)
      execute function public.refuse_route()`);
    const row = { origin: "FFF1", destination: "FFF2", count: 401 };
    const refused = await refusalOf(ada.api.data.create.mutate({ model: "routes", row }));
    await sql`drop function public.refuse_route cascade`;
    await sql.end();
    expect(refused).toMatchObject({
      code: "CHECK_VIOLATION",
      httpStatus: 400,
      issues: [{ field: "row", rule: "ZZ401" }],
    });
    expect(refused.message).toContain("no such route is flown");
  });

  it("can stand in a cursor, which is then named", async () => {
    const cursor = Buffer.from('["owner_id,iata",["no uuid","X"]]').toString("base64url");
    const refused = await refusalOf(
      ada.api.data.list.query({ model: "airports", order: [{ column: "owner_id" }], cursor }),
    );
    expect(refused).toMatchObject({ code: "INVALID_VALUE", issues: [{ field: "cursor", rule: "22P02" }] });
  });

  it("are an unfinished escape in a pattern, too", async () => {
    const filters = [{ column: "name", op: "like" as const, value: "\\" }];
    expect(await refusalOf(ada.api.data.list.query({ model: "airports", filters }))).toMatchObject({
      code: "INVALID_VALUE",
    });
  });

  it("take every text for text, whatever it would mean in a filter's grammar", async () => {
    for (const value of [
      "null",
      "true",
      "eq.x",
      "a.b",
      "(x)",
      '"',
      "\\",
      "*",
      "%",
      "not.is.null",
      ",",
      "",
      " ",
      "ü\u202e",
    ]) {
      for (const op of ["eq", "gt", "neq"] as const) {
        const filters = [{ column: "name", op, value }];
        expect((await ada.api.data.list.query({ model: "airports", filters, limit: 1 })).rows.length).toBeLessThan(2);
      }
      const filters = [{ column: "name", op: "in" as const, value: [value, "x"] }];
      expect((await ada.api.data.list.query({ model: "airports", filters })).rows).toEqual([]);
    }
  });
});

describe("a model's state", () => {
  it("refuses a deprecated model at once, and works again after its reactivation", async () => {
    await admin.api.models.deprecate.mutate({ model_name: "routes" });
    const refused = await refusalOf(ada.api.data.list.query({ model: "routes" }));
    expect(refused).toMatchObject({ code: "MODEL_INACTIVE", httpStatus: 409, issues: [{ field: "model" }] });
    await admin.api.models.reactivate.mutate({ model_name: "routes" });
    expect((await ada.api.data.list.query({ model: "routes" })).rows.length).toBeGreaterThan(0);
  });

  it("does not make its table, nor a column that the table has not: both are told", async () => {
    await admin.api.models.create.mutate({ ...airportsModel, model_name: "tableless", table_name: "no_such_table" });
    const table = await refusalOf(ada.api.data.list.query({ model: "tableless" }));
    expect(table).toMatchObject({ code: "UNKNOWN_TABLE", httpStatus: 404, issues: [{ field: "model" }] });
    await admin.api.models.update.mutate({
      model_name: "routes",
      expected_version: "1.0.0",
      changes: {
        schema_version: "1.1.0",
        fields: { ...routesModel.fields, properties: { ...routesModel.fields.properties, colour: { type: "string" } } },
      },
    });
    const column = await refusalOf(ada.api.data.list.query({ model: "routes", columns: ["colour"] }));
    expect(column).toMatchObject({ code: "UNKNOWN_COLUMN", httpStatus: 400, issues: [{ field: "model" }] });
  });

  it("asks for a signed-in caller", async () => {
    expect(await refusalOf(stage.client().data.list.query({ model: "airports" }))).toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });
});
