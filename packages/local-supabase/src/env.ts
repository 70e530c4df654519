import { homedir, platform } from "node:os";
import { join } from "node:path";

/** What the stack's process may know of its parent's environment: paths and locale, no setting and no secret. */
const passedOn = [
  "PATH",
  "HOME",
  "USERPROFILE",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "LANG",
  "LC_ALL",
  "XDG_CACHE_HOME",
  "LOCALAPPDATA",
];

/** The environment of what the stack runs. Its sessions run in UTC, as hosted Supabase's do. */
export function stackEnvironment(): Record<string, string> {
  const environment: Record<string, string> = { TZ: "UTC" };
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** The same for the stack's own Node, which keeps there what it has compiled: the next start is half a second shorter. */
export function stackProcessEnvironment(): Record<string, string> {
  return { ...stackEnvironment(), NODE_COMPILE_CACHE: join(userCacheDirectory(), "waybill", "compiled") };
}

/** Where this user's programs keep what can be made again, by the operating system's custom. */
export function userCacheDirectory(): string {
  if (platform() === "darwin") return join(homedir(), "Library", "Caches");
  if (platform() === "win32") return process.env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local");
  return process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
}
