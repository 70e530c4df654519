import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Keys } from "../data-dir/keys.ts";
import { openPglite, pgliteVersion } from "../engine-pglite.ts";
import type { Engine } from "../engine.ts";
import { createLite } from "../lite.ts";
import { freeSpace, refuseFullDisk } from "../pglite/free-space.ts";
import { fillFromTemplate } from "../pglite/template.ts";
import { applyMigrations } from "../project/migrations.ts";
import type { Migration, Project } from "../project/project.ts";
import { prepareSystemSchema, systemSchemaKey } from "../project/system-schema.ts";
import { fileStorage } from "../storage/files.ts";

// PGlite serves one database. The two that CREATE DATABASE copies from are two thirds of a directory's files, and
// making files is most of what copying a template costs.
const dropCopies = ["template0", "template1"].flatMap((name) => [
  `alter database ${name} is_template false`,
  `drop database ${name}`,
]);
const systemKey = `pglite-${pgliteVersion}-one-database-${systemSchemaKey}`;

/** Fewer characters of SQL are applied in less time than another template takes to be made and kept. */
const worthTemplate = 10_000;

/**
 * Makes a PGlite directory as it is before its first start: with the system's schema, and with the project's
 * migrations where those are long. Both come from templates; a change of any file makes another template.
 */
export async function buildDatabase(
  directory: string,
  dataDir: string,
  keys: Keys,
  { config, migrations }: Pick<Project, "config" | "migrations">,
): Promise<void> {
  const buildSystem = (target: string): Promise<void> =>
    openedOnce(target, keys, async (engine) => {
      await prepareSystemSchema(
        engine,
        createLite(engine.connection, keys, config, "", fileStorage(join(dataDir, "storage"))),
      );
      for (const statement of dropCopies) await engine.exec(statement);
    });
  const length = migrations.reduce((sum, { sql }) => sum + sql.length, 0);
  if (length < worthTemplate) return fillFromTemplate(directory, systemKey, buildSystem);
  await fillFromTemplate(directory, `${systemKey}-${hashOf(migrations)}`, async (target) => {
    await fillFromTemplate(target, systemKey, buildSystem);
    await openedOnce(target, keys, async (engine) => {
      await applyMigrations(engine, migrations);
    });
  });
}

async function openedOnce(directory: string, keys: Keys, work: (engine: Engine) => Promise<void>): Promise<void> {
  refuseFullDisk(dirname(directory), freeSpace(dirname(directory)));
  const engine = await openPglite(directory, keys.databasePassword);
  try {
    await work(engine);
  } finally {
    await engine.close();
  }
}

const hashOf = (migrations: readonly Migration[]): string =>
  createHash("sha256").update(JSON.stringify(migrations)).digest("hex").slice(0, 32);
