import { createHash } from "node:crypto";
import { bootstrapSql, hardenSql } from "./bootstrap.ts";
import type { Engine } from "../engine.ts";
import { liteVersion, type Lite } from "../lite.ts";

/** Changes whenever what {@link prepareSystemSchema} makes changes. */
export const systemSchemaKey: string = createHash("sha256")
  .update(JSON.stringify([liteVersion, "auth", "storage", bootstrapSql, hardenSql]))
  .digest("hex")
  .slice(0, 32);

/**
 * Makes what a hosted project has before its first migration: roles, grants, the schemas `auth`, `storage` and
 * `supabase_migrations`, and the `auth.*()` helpers. A database that has this very version of it already is
 * left alone, which the comment on its schema of migrations tells.
 */
export async function prepareSystemSchema(engine: Engine, lite: Lite): Promise<void> {
  const [row] = await engine.query(
    "select obj_description(to_regnamespace('supabase_migrations')::oid, 'pg_namespace') as comment",
  );
  const mark = `waybill system schema ${systemSchemaKey}`;
  if (row?.["comment"] === mark) return;
  await engine.exec(bootstrapSql);
  await lite.ensureSystemSchema();
  await engine.exec(hardenSql);
  await engine.exec(`comment on schema supabase_migrations is '${mark}'`);
}
