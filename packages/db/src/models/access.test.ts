import { randomUUID } from "node:crypto";
import { dataModelCreateSchema } from "@waybill/contracts";
import { type ScratchDatabase, scratchDatabase } from "@waybill/local-supabase";
import { expect, it } from "vitest";
import { compileModel, ddlOf } from "./compile-model.ts";

const [ada, bob, tenant] = [randomUUID(), randomUUID(), randomUUID()];

const modelOf = (name: string, rls_policies: unknown, columns: object) =>
  dataModelCreateSchema.parse({
    model_name: name,
    table_name: name,
    schema_version: "1.0.0",
    fields: { type: "object", properties: { id: { type: "integer", default: 0 }, ...columns } },
    rls_policies,
  });
const uuid = { type: "string", format: "uuid" };
const models = [
  modelOf("closed", null, {}),
  modelOf("own", { preset: "own-rows" }, { user_id: { ...uuid, "x-default": "auth.uid()" } }),
  modelOf("own_text", { preset: "own-rows" }, { user_id: { type: "string" } }),
  modelOf("tenants", { preset: "tenant" }, { tenant_id: uuid }),
  modelOf("tenants_text", { preset: "tenant" }, { tenant_id: { type: "string" } }),
  modelOf("open", { preset: "public-read" }, {}),
];

/** What a role gets of a statement: its rows, or "denied". */
async function as(database: ScratchDatabase, role: string, claims: object, sql: string) {
  await database.exec(`begin; set local role ${role}; set local request.jwt.claims = '${JSON.stringify(claims)}'`);
  try {
    return (await database.query(sql)).length;
  } catch (error) {
    return /permission denied|row-level security/.test(String(error)) ? "denied" : String(error);
  } finally {
    await database.exec("rollback");
  }
}

it.each(["pglite", "native"] as const)(
  "lets in whom a model's policies let in, and nobody else: %s",
  async (engine) => {
    await using database = await scratchDatabase({ engine });
    const compiled = await Promise.all(
      models.map(async (model) => {
        const result = await compileModel(model, models);
        if (!result.ok) throw new Error(JSON.stringify(result.issues));
        return result.compiled;
      }),
    );
    await database.exec(ddlOf(compiled));
    await database.exec(`
    insert into closed values (1);
    insert into own values (1, '${ada}'), (2, '${bob}');
    insert into own_text values (1, '${ada}'), (2, '${bob}');
    insert into tenants values (1, '${tenant}'), (2, '${bob}');
    insert into tenants_text values (1, '${tenant}'), (2, '${bob}');
    insert into open values (1), (2);
  `);
    const user = {
      sub: ada,
      role: "authenticated",
      app_metadata: { tenant_id: tenant },
      user_metadata: { tenant_id: bob },
    };
    const seen = async (role: string, claims: object) => {
      const counts: Record<string, unknown> = {};
      for (const { table_name: table } of models)
        counts[table] = await as(database, role, claims, `select 1 from ${table}`);
      return counts;
    };
    const own = { own: 1, own_text: 1, tenants: 1, tenants_text: 1 };
    expect(await seen("authenticated", user)).toEqual({ closed: "denied", ...own, open: 2 });
    const denied = { own: "denied", own_text: "denied", tenants: "denied", tenants_text: "denied" };
    expect(await seen("anon", { role: "anon" })).toEqual({ closed: "denied", ...denied, open: 2 });
    const none = { own: 0, own_text: 0, tenants: 0, tenants_text: 0 };
    expect(await seen("authenticated", { sub: randomUUID() })).toEqual({ closed: "denied", ...none, open: 2 });
    const all = { own: 2, own_text: 2, tenants: 2, tenants_text: 2 };
    expect(await seen("service_role", {})).toEqual({ closed: 1, ...all, open: 2 });

    const write = (sql: string) => as(database, "authenticated", user, sql);
    expect(await write("insert into own (id) values (3) returning 1")).toBe(1);
    expect(await write(`insert into own values (3, '${bob}') returning 1`)).toBe("denied");
    expect(await write(`update own set user_id = '${bob}' where id = 1 returning 1`)).toBe("denied");
    expect(await write("delete from own returning 1")).toBe(1);
    expect(await write(`insert into tenants values (3, '${bob}') returning 1`)).toBe("denied");
    expect(await write(`insert into tenants values (3, '${tenant}') returning 1`)).toBe(1);
    expect(await write("insert into open values (3) returning 1")).toBe("denied");
    expect(await write("update open set id = 5 returning 1")).toBe(0);
    expect(await write("truncate closed")).toBe("denied");
    expect(await write("truncate own")).toBe("denied");
  },
);
