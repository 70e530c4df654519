import type { MigrationPlan } from "./migration-plan.ts";
import type { SqlSession } from "./sql-session.ts";

/** A migration that was applied, as `supabase_migrations.schema_migrations` has it. */
export interface Applied {
  readonly version: string;
  readonly name: string;
}

/** What the platform has beyond the three columns that the CLI makes. */
const columns = { statements: "text[]", name: "text", rollback: "text[]", idempotency_key: "text unique" };

/** Makes the CLI's table as far as it is not there. */
export async function prepareHistory(session: SqlSession): Promise<void> {
  const found = await session.query(`select a.attname as name from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass('supabase_migrations.schema_migrations') and a.attnum > 0 and not a.attisdropped`);
  const names = new Set(found.map((row) => String(row["name"])));
  if (names.size === 0) {
    await session.exec(`create schema if not exists supabase_migrations;
      create table if not exists supabase_migrations.schema_migrations (version text not null primary key)`);
  }
  for (const [name, type] of Object.entries(columns)) {
    if (names.has(name)) continue;
    await session.exec(`alter table supabase_migrations.schema_migrations add column if not exists ${name} ${type}`);
  }
}

const keyOf = (plan: MigrationPlan): string => `waybill:${plan.fingerprint}`;

/** The row of exactly this plan, if it stands applied. */
export async function findApplied(session: SqlSession, plan: MigrationPlan): Promise<Applied | null> {
  const [row] = await session.query(
    "select version, name from supabase_migrations.schema_migrations where idempotency_key = $1",
    [keyOf(plan)],
  );
  return row === undefined ? null : { version: String(row["version"]), name: String(row["name"]) };
}

/** The time as the CLI writes it, but after every version that is there: versions tell the order. */
export async function nextVersion(session: SqlSession, now: Date): Promise<string> {
  const [row] = await session.query(
    "select max(version) as last from supabase_migrations.schema_migrations where version ~ '^[0-9]{14}$'",
  );
  const last = typeof row?.["last"] === "string" ? row["last"] : "";
  const wanted = versionOf(now);
  if (wanted > last) return wanted;
  const after = Date.parse(last.replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3T$4:$5:$6Z"));
  // a hand-made version that is no time is counted on
  return Number.isNaN(after) ? String(BigInt(last) + 1n) : versionOf(new Date(after + 1000));
}

function versionOf(time: Date): string {
  return time.toISOString().replaceAll(/\D/g, "").slice(0, 14);
}

export async function recordApplied(
  session: SqlSession,
  plan: MigrationPlan,
  { version, name }: Applied,
): Promise<void> {
  await session.query(
    `insert into supabase_migrations.schema_migrations (version, name, statements, rollback, idempotency_key)
    values ($1, $2, array(select jsonb_array_elements_text($3::text::jsonb)),
      array(select jsonb_array_elements_text($4::text::jsonb)), $5)`,
    [version, name, textsOf(plan.up), textsOf(plan.down), keyOf(plan)],
  );
}

export async function forgetApplied(session: SqlSession, plan: MigrationPlan): Promise<void> {
  await session.query("delete from supabase_migrations.schema_migrations where idempotency_key = $1", [keyOf(plan)]);
}

function textsOf(statements: MigrationPlan["up"]): string {
  return JSON.stringify(statements.map(({ sql }) => sql));
}
