import { createHash } from "node:crypto";
import { glob, readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { z } from "zod";
import { codeOf, LocalSupabaseError, messageOf } from "../errors.ts";
import { splitStatements } from "./sql-statements.ts";

/** What of a `supabase/config.toml` the local stack honours; the rest is the CLI's or the hosted project's business. */
const projectConfigSchema = z.object({
  api: z
    .object({
      schemas: z.array(z.string()).default(["public", "graphql_public"]),
      max_rows: z.number().int().positive().default(1000),
    })
    .prefault({}),
  auth: z
    .object({
      enable_signup: z.boolean().default(true),
      site_url: z.string().optional(),
      // a hosted project's default: whoever uses a token that was replaced twice over loses the session
      enable_refresh_token_rotation: z.boolean().default(true),
      jwt_expiry: z.number().int().positive().max(604_800).default(3600),
      minimum_password_length: z.number().int().min(6).default(6),
    })
    .prefault({}),
  storage: z
    .object({
      file_size_limit: z
        .string()
        .regex(/^\d+(\.\d+)?\s*([KMG]i?)?B$/i, "must be a size such as 50MiB")
        .default("50MiB"),
    })
    .prefault({}),
  db: z
    .object({
      seed: z
        .object({
          enabled: z.boolean().default(true),
          sql_paths: z.array(z.string()).default(["./seed.sql"]),
        })
        .prefault({}),
    })
    .prefault({}),
});
export type ProjectConfig = z.infer<typeof projectConfigSchema>;

export interface Migration {
  /** The digits that the file name begins with. */
  readonly version: string;
  readonly name: string;
  readonly file: string;
  readonly sql: string;
}

export interface SeedFile {
  /** As `supabase_migrations.seed_files` names it: `supabase/` and the path inside the project, with slashes. */
  readonly path: string;
  /** SHA-256 of the text, in hex, as the CLI computes it. */
  readonly hash: string;
  readonly sql: string;
}

/** A `supabase/` folder as the Supabase CLI knows it. */
export interface Project {
  readonly config: ProjectConfig;
  readonly migrations: readonly Migration[];
  readonly seeds: readonly SeedFile[];
}

/** Reads a `supabase/` folder; a folder without `config.toml` or migrations is an empty project. */
export async function readProject(folder: string): Promise<Project> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw new LocalSupabaseError(
      "PROJECT_INVALID",
      `There is no folder ${folder} to take migrations from. Name a project's supabase/ folder.`,
    );
  }
  const config = await readConfig(join(folder, "config.toml"));
  return {
    config,
    migrations: await readMigrations(join(folder, "migrations")),
    seeds: await readSeeds(folder, config),
  };
}

async function readConfig(path: string): Promise<ProjectConfig> {
  try {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return "";
      throw error;
    });
    return projectConfigSchema.parse(parseToml(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new LocalSupabaseError("PROJECT_INVALID", `${path} cannot be used: ${reason}. Correct it there.`, {
      cause: error,
    });
  }
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  });
  const migrations: Migration[] = [];
  for (const file of names.toSorted(byName)) {
    const [, version, name] = /^(\d+)_(.*)\.sql$/.exec(file) ?? [];
    if (version === undefined || name === undefined) continue;
    const twin = migrations.find((other) => other.version === version);
    if (twin) {
      throw new LocalSupabaseError(
        "PROJECT_INVALID",
        `The migrations ${twin.file} and ${file} have the same version ${version}. Rename one of them.`,
      );
    }
    const sql = await readFile(join(folder, file), "utf8");
    refuseTransactionControl(file, sql);
    migrations.push({ version, name, file, sql });
  }
  return migrations;
}

/** A savepoint stays inside of a transaction; these end it, or begin one that the file means to end itself. */
const leavesTransaction = /^(?:begin|start transaction|commit|end|rollback(?! to)|abort|prepare transaction)\b/;

function refuseTransactionControl(file: string, sql: string): void {
  const found = splitStatements(sql).find(({ command }) => leavesTransaction.test(command));
  if (found === undefined) return;
  throw new LocalSupabaseError(
    "PROJECT_INVALID",
    `The migration ${file} contains "${found.command}", but each migration runs in a transaction of its own. Remove that statement, or split the file.`,
  );
}

async function readSeeds(folder: string, config: ProjectConfig): Promise<SeedFile[]> {
  if (!config.db.seed.enabled) return [];
  const paths = new Set<string>();
  for (const pattern of config.db.seed.sql_paths) {
    const matches: string[] = [];
    for await (const match of glob(pattern.replace(/^\.\//, ""), { cwd: folder })) matches.push(match);
    for (const match of matches.toSorted(byName)) paths.add(match);
  }
  return Promise.all(
    [...paths].map(async (path) => {
      const sql = await readFile(join(folder, path), "utf8");
      const hash = createHash("sha256").update(sql).digest("hex");
      return { path: `supabase/${path.replaceAll("\\", "/")}`, hash, sql };
    }),
  );
}
