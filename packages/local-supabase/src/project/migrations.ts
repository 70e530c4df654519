import type { Engine, EngineSession } from "../engine.ts";
import { LocalSupabaseError, messageOf } from "../errors.ts";
import type { Migration, SeedFile } from "./project.ts";
import { splitStatements } from "./sql-statements.ts";

/**
 * A dump sets `search_path` to nothing and `row_security` to off, for its session. As with the CLI, that ends with the
 * file: PGlite's session is also every request's.
 */
const ownSettings =
  'set session authorization postgres; reset role; reset all; discard temp; set search_path to "$user", public, extensions';

/** Runs a file with the settings that each begins with, and leaves none of its own behind. */
async function runFile(session: EngineSession, sql: string): Promise<void> {
  for (const text of [ownSettings, sql, ownSettings]) await session.exec(text);
}

/**
 * Applies the migrations that `supabase_migrations.schema_migrations` does not list yet, in order of their
 * versions, each in one transaction with its row: killed at any moment, a migration is whole and listed, or neither.
 *
 * @returns the versions that were applied now
 * @throws LocalSupabaseError `MIGRATION_FAILED`, naming the file and the database's message
 */
export async function applyMigrations(engine: Engine, migrations: readonly Migration[]): Promise<string[]> {
  const rows = await engine.query("select version from supabase_migrations.schema_migrations");
  const known = new Set(rows.map((row) => row["version"]));
  const applied: string[] = [];
  for (const migration of migrations) {
    if (known.has(migration.version)) continue;
    await applyMigration(engine, migration);
    applied.push(migration.version);
  }
  return applied;
}

async function applyMigration(engine: Engine, { version, name, file, sql }: Migration): Promise<void> {
  const statements = splitStatements(sql).map(({ text }) => text);
  try {
    await engine.transaction(async (session) => {
      await runFile(session, sql);
      await session.query(
        "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3::text[])",
        [version, name, statements],
      );
    });
  } catch (error) {
    throw new LocalSupabaseError(
      "MIGRATION_FAILED",
      `The migration ${file} failed, and nothing of it was kept: ${messageOf(error)}. Correct the file and start again.`,
      { cause: error },
    );
  }
}

/**
 * Runs each seed file once, in one transaction with its row in `supabase_migrations.seed_files`. As with the
 * CLI, a file that changed since is not run again: its new hash is noted, and `supabase db reset` is the way.
 *
 * @throws LocalSupabaseError `SEED_FAILED`, naming the file and the database's message
 */
export async function applySeeds(engine: Engine, seeds: readonly SeedFile[]): Promise<void> {
  const rows = await engine.query("select path, hash from supabase_migrations.seed_files");
  const known = new Map(rows.map((row) => [row["path"], row["hash"]]));
  for (const { path, hash, sql } of seeds) {
    if (known.get(path) === hash) continue;
    try {
      await engine.transaction(async (session) => {
        if (!known.has(path)) await runFile(session, sql);
        await session.query(
          "insert into supabase_migrations.seed_files (path, hash) values ($1, $2) on conflict (path) do update set hash = excluded.hash",
          [path, hash],
        );
      });
    } catch (error) {
      throw new LocalSupabaseError(
        "SEED_FAILED",
        `The seed file ${path} failed, and nothing of it was kept: ${messageOf(error)}. Correct the file and start again.`,
        { cause: error },
      );
    }
  }
}
