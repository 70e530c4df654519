import { z } from "zod";
import { describe, expect, it } from "vitest";
import { appRouter } from "./app-router.ts";

const definition = z.object({ inputs: z.array(z.instanceof(z.ZodType)), output: z.instanceof(z.ZodType).optional() });

const built = z.object({
  procedures: z.record(
    z.string(),
    z.custom<object>((value) => typeof value === "function"),
  ),
});

const procedures = Object.entries(built.parse(Reflect.get(appRouter, "_def")).procedures).map(([path, procedure]) => ({
  path,
  ...definition.parse(Reflect.get(procedure, "_def")),
}));

describe("every procedure", () => {
  it("is there", () => {
    expect(procedures.map(({ path }) => path).sort()).toMatchInlineSnapshot(`
      [
        "clients.deactivate",
        "clients.get",
        "clients.list",
        "clients.reconnect",
        "clients.register",
        "clients.remove",
        "data.aggregate",
        "data.count",
        "data.create",
        "data.createMany",
        "data.get",
        "data.list",
        "data.remove",
        "data.update",
        "data.updateMany",
        "data.upsert",
        "models.check",
        "models.create",
        "models.deprecate",
        "models.diff",
        "models.drift",
        "models.get",
        "models.history",
        "models.import",
        "models.list",
        "models.migrate",
        "models.migrations",
        "models.plan",
        "models.purge",
        "models.reactivate",
        "models.rollback",
        "models.update",
        "models.usage",
        "models.validate",
        "models.watch",
        "operations.advise",
        "operations.get",
        "operations.list",
        "operations.retention",
        "operations.slow",
        "operations.stats",
        "sessions.adopt",
        "sessions.changePassword",
        "sessions.list",
        "sessions.login",
        "sessions.loginWithCode",
        "sessions.loginWithOauth",
        "sessions.logout",
        "sessions.me",
        "sessions.mine",
        "sessions.oauthUrl",
        "sessions.refresh",
        "sessions.requestCode",
        "sessions.revoke",
        "sessions.revokeOthers",
        "sessions.signOutEverywhere",
        "sessions.signUp",
        "system.health",
      ]
    `);
  });

  it.each(procedures)("$path has an input and an output schema", ({ inputs, output }) => {
    expect(inputs).toHaveLength(1);
    expect(output).toBeDefined();
  });

  it.each(procedures)("$path promises more than any or unknown, and no field for a secret", ({ output }) => {
    const { types, fields } = contentsOf(output);
    expect(types.size).toBeGreaterThan(0);
    expect(types).not.toContain("any");
    expect(types).not.toContain("unknown");
    for (const secret of ["access_token", "refresh_token", "token_hash", "supabase_key", "password"]) {
      expect(fields).not.toContain(secret);
    }
  });
});

/** The kinds of schemas that a schema is made of, and the names of all its fields. */
function contentsOf(root: unknown): { types: Set<string>; fields: Set<string> } {
  const types = new Set<string>();
  const fields = new Set<string>();
  const seen = new Set<unknown>();
  const open = [root];
  for (let schema = open.pop(); schema !== undefined; schema = open.pop()) {
    if (!(schema instanceof z.ZodType) || seen.has(schema)) continue;
    seen.add(schema);
    types.add(schema.def.type);
    // a stream says so of what it yields
    open.push(z.globalRegistry.get(schema)?.["yields"]);
    if (schema instanceof z.ZodObject) {
      for (const [name, field] of Object.entries(schema.shape)) {
        fields.add(name);
        open.push(field);
      }
    }
    open.push(...Object.values(schema.def).flat());
  }
  return { types, fields };
}
