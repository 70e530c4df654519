import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { App, InMemoryEmailDriver, setExperimental } from "@supabase/lite";
import { createPgliteConnection, type PgliteConnection } from "@supabase/lite/pglite";
import { createPostgresConnection, type PostgresConnection } from "@supabase/lite/postgres";
import { z } from "zod";
import type { Keys } from "./data-dir/keys.ts";
import type { ProjectConfig } from "./project/project.ts";

// The border to @supabase/lite: nothing else but the walls around it (`lite-walls/`) knows the library.

export type LiteConnection = PgliteConnection | PostgresConnection;
export { createPgliteConnection, createPostgresConnection };
export type { PgliteConnection, PostgresConnection };
/** PGlite itself, as lite opens it. */
export type PgliteDriver = PgliteConnection["driver"];

const packagePath = findPackageJSON("@supabase/lite", import.meta.url);
/** The version of the library that is installed. */
export const liteVersion: string =
  packagePath === undefined
    ? "unknown"
    : z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packagePath, "utf8"))).version;

/** Where Storage keeps the bytes of its objects. */
export type StorageAdapter = NonNullable<App["_storageAdapter"]>;

export interface Lite {
  /** Data API, Auth and Storage, below `/rest/v1`, `/auth/v1` and `/storage/v1`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Creates what is missing of the schemas `auth`, `storage` and `supabase_migrations`. */
  ensureSystemSchema(): Promise<void>;
  /** Forgets the tables and columns it knows; the next request reads them again. */
  clearSchemaCache(): Promise<void>;
}

/** Builds the Supabase services over an open connection. */
export function createLite(
  connection: LiteConnection,
  keys: Keys,
  config: ProjectConfig,
  url: string,
  storage: StorageAdapter,
): Lite {
  setExperimental("storage", true);
  const app = new App({
    connection,
    // A hosted project has pg-safeupdate loaded for everyone: no UPDATE or DELETE without a filter.
    api: { schemas: config.api.schemas, max_rows: config.api.max_rows, pg_safe_update: true },
    auth: {
      enabled: true,
      enable_signup: config.auth.enable_signup,
      jwt_secret: keys.jwtSecret,
      publishable_key: keys.publishableKey,
      secret_key: keys.secretKey,
      site_url: config.auth.site_url ?? url,
      jwt_expiry: config.auth.jwt_expiry,
      enable_refresh_token_rotation: config.auth.enable_refresh_token_rotation,
      minimum_password_length: config.auth.minimum_password_length,
    },
    storage: { enabled: true, file_size_limit: config.storage.file_size_limit },
    options: {
      drivers: { email: new InMemoryEmailDriver({ maxKeepCount: 100 }) },
      server: { disableStudio: true, admin: false },
    },
  });
  app._storageAdapter = storage;
  return {
    fetch: (request) => app.fetch(request),
    ensureSystemSchema: () => app.ensureSystemSchema(),
    clearSchemaCache: () => connection.clearSchemaCache(),
  };
}
