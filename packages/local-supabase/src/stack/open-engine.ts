import { existsSync } from "node:fs";
import { join } from "node:path";
import { openNative } from "../engine-native.ts";
import { openPglite, pgliteVersion, type PgliteLimits } from "../engine-pglite.ts";
import type { Engine } from "../engine.ts";
import type { Keys } from "../data-dir/keys.ts";
import { createLite } from "../lite.ts";
import type { StartRequest } from "./messages.ts";
import type { ProjectConfig } from "../project/project.ts";
import { fileStorage } from "../storage/files.ts";
import { prepareSystemSchema, systemSchemaKey } from "../project/system-schema.ts";
import { fillFromTemplate } from "../pglite/template.ts";

// PGlite serves one database. The two that CREATE DATABASE copies from are two thirds of a directory's files, and
// making files is most of what copying a template costs.
const dropCopies = ["template0", "template1"].flatMap((name) => [
  `alter database ${name} is_template false`,
  `drop database ${name}`,
]);
const templateKey = `pglite-${pgliteVersion}-one-database-${systemSchemaKey}`;

/** Opens the Postgres of a data directory; a new one begins as a copy of a template, where there is one. */
export async function openEngine(
  { dataDir, engine }: Pick<StartRequest, "dataDir" | "engine">,
  keys: Keys,
  config: ProjectConfig,
  limits?: Partial<PgliteLimits>,
): Promise<Engine> {
  if (engine === "native") return openNative(join(dataDir, "pgdata-native"), keys.databasePassword);
  const directory = join(dataDir, "pgdata");
  if (!existsSync(directory)) {
    await fillFromTemplate(directory, templateKey, async (target) => {
      const building = await openPglite(target, keys.databasePassword);
      try {
        const lite = createLite(building.connection, keys, config, "", fileStorage(join(dataDir, "storage")));
        await prepareSystemSchema(building, lite);
        for (const statement of dropCopies) await building.exec(statement);
      } finally {
        await building.close();
      }
    });
  }
  return openPglite(directory, keys.databasePassword, limits);
}
