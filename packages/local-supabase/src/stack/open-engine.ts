import { existsSync } from "node:fs";
import { join } from "node:path";
import { openNative } from "../engine-native.ts";
import { openPglite, type PgliteLimits } from "../engine-pglite.ts";
import type { Engine } from "../engine.ts";
import { freeSpace, refuseFullDisk } from "../pglite/free-space.ts";
import type { Keys } from "../data-dir/keys.ts";
import type { Project } from "../project/project.ts";
import type { StartRequest } from "./messages.ts";
import { buildDatabase } from "./build-database.ts";

/** Opens the Postgres of a data directory; a new one begins as a copy of a template, where there is one. */
export async function openEngine(
  { dataDir, engine }: Pick<StartRequest, "dataDir" | "engine">,
  keys: Keys,
  project: Pick<Project, "config" | "migrations">,
  limits?: Partial<PgliteLimits>,
): Promise<Engine> {
  if (engine === "native") return openNative(join(dataDir, "pgdata-native"), keys.databasePassword);
  refuseFullDisk(dataDir, (limits?.freeSpace ?? freeSpace)(dataDir));
  const directory = join(dataDir, "pgdata");
  if (!existsSync(directory)) await buildDatabase(directory, dataDir, keys, project);
  return openPglite(directory, keys.databasePassword, limits);
}
