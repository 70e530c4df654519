import { resolve } from "node:path";

/** The environment without any setting of Waybill or Supabase: what a scenario of its own must not inherit. */
export function plainEnvironment(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(source).filter(([name]) => !name.startsWith("WAYBILL_") && !name.startsWith("SUPABASE_")),
  );
}

/** What `pnpm start` needs to know itself of the settings that the server reads and checks. */
export interface StartSettings {
  /** For the server: all there is, with the data directory made absolute. */
  readonly serverEnv: NodeJS.ProcessEnv;
  readonly dataDir: string;
  /** Whether the server runs the embedded Supabase, because no project is named. */
  readonly embedded: boolean;
}

/** `defaultDataDir` is used where `WAYBILL_DATA_DIR` is not set; a relative one is taken from the working directory. */
export function readStartSettings(defaultDataDir: string, source: NodeJS.ProcessEnv = process.env): StartSettings {
  const dataDir = resolve(source["WAYBILL_DATA_DIR"] || defaultDataDir);
  return {
    // the server's own "info" would run through the progress bars
    serverEnv: { WAYBILL_LOG_LEVEL: "warn", ...source, WAYBILL_DATA_DIR: dataDir },
    dataDir,
    embedded: !source["SUPABASE_URL"],
  };
}

/** Who the smoke test signs in as on a server that it did not start (`--url`). */
export function readAdminPassword(source: NodeJS.ProcessEnv = process.env): string | undefined {
  return source["WAYBILL_ADMIN_PASSWORD"] || undefined;
}
