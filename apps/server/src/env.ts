import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { clientTypeOfKey, instanceSchema, planSampleLimit, supabaseUrlSchema } from "@waybill/contracts";
import { type CacheOptions, parseEncryptionKeys, WaybillDbError } from "@waybill/db";
import { cacheTables } from "./start/cache-tables.ts";
import { parseByteSize } from "./start/byte-size.ts";
import { instanceOfHost } from "./start/instance-name.ts";
import { trustProxy, type TrustProxy } from "./start/trust-proxy.ts";
import type { DoorSettings } from "./door/door.ts";
import { z } from "zod";

const commaList = z
  .string()
  .default("")
  .transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  );

const flag = z
  .enum(["0", "1"], { error: "must be 0 or 1" })
  .default("0")
  .transform((text) => text === "1");

const wholeNumber = (least: number, most: number, standard: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`)
    .default(standard);

const sizeRule = (least: string) =>
  `must be bytes, or a number with KiB, MiB, GiB, KB, MB or GB, and at least ${least}`;
const byteSize = (least: string, standard: string) =>
  z
    .string()
    .default(standard)
    .transform((text) => parseByteSize(text) ?? 0)
    .refine((bytes) => bytes >= (parseByteSize(least) ?? 0) && Number.isSafeInteger(bytes), sizeRule(least));

const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    "must be origins such as https://app.example.com, parted by commas, without a path",
  );

const redirect = z
  .string()
  .refine(
    isRedirect,
    "must be addresses such as https://app.example.com/signed-in, parted by commas, without query or fragment; http: for this machine only",
  )
  .transform((text) => new URL(text).href);

function isRedirect(text: string): boolean {
  if (!URL.canParse(text) || /[?#*]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(hostname));
}

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  return /^postgres(?:ql)?:$/.test(protocol) && hostname !== "" && username !== "";
}

const hostRule = "must be host names or addresses without port or brackets, parted by commas";

const redactRule = "must be column, table.column or table.*, parted by commas";
const redactList = commaList.pipe(
  // a bare * would hide nothing, where somebody meant all
  z.array(
    z
      .string()
      .regex(/^(?:.+\.)?[^.]+$/, redactRule)
      .refine((entry) => entry !== "*", redactRule),
  ),
);

const keyOf = (type: "anon" | "service_role", rule: string) =>
  z.string().refine((key) => clientTypeOfKey(key) === type, rule);

const encryptionKeys = z.string().superRefine((text, context) => {
  try {
    parseEncryptionKeys(text);
  } catch (error) {
    const message = error instanceof WaybillDbError ? error.message : "cannot be read";
    context.addIssue({ code: "custom", message: `is wrong: ${message} Or` });
  }
});

const variables = z.object({
  SUPABASE_URL: z.string().optional(),
  SUPABASE_PUBLISHABLE_KEY: keyOf("anon", "must be sb_publishable_… or the legacy anon key").optional(),
  SUPABASE_SECRET_KEY: keyOf("service_role", "must be sb_secret_… or the legacy service_role key").optional(),
  SUPABASE_JWT_SECRET: z.string().min(16, "must have 16 characters at least").optional(),
  SUPABASE_JWT_ISSUER: z
    .string()
    .refine(isHttpUrl, "must be the iss of the project's access tokens, such as https://api.example.com/auth/v1")
    .optional(),
  SUPABASE_DB_URL: z
    .string()
    .refine(isPostgresUrl, "must be a postgresql:// address with host, user, password and database")
    .optional(),
  WAYBILL_CA_FILE: z.string().optional(),
  WAYBILL_HOST: z.string().default("127.0.0.1"),
  WAYBILL_PORT: wholeNumber(0, 65_535, 8787),
  WAYBILL_INSTANCE: instanceSchema.optional(),
  WAYBILL_DATA_DIR: z.string().default(".waybill"),
  WAYBILL_JOURNAL_DIR: z.string().optional(),
  WAYBILL_MIGRATIONS_DIR: z.string().optional(),
  WAYBILL_PLAN_SAMPLE_ROWS: wholeNumber(0, planSampleLimit, 500),
  WAYBILL_ENCRYPTION_KEY: encryptionKeys.optional(),
  WAYBILL_ALLOWED_HOSTS: commaList.pipe(z.array(z.string().regex(/^[A-Za-z0-9._:-]+$/, hostRule))),
  WAYBILL_ALLOWED_ORIGINS: commaList.pipe(z.array(origin)),
  WAYBILL_REDIRECTS: commaList.pipe(z.array(redirect)),
  WAYBILL_OPERATION_TIMEOUT_MS: wholeNumber(1, 3_600_000, 60_000),
  WAYBILL_ALLOW_HTTP_LOOPBACK: flag,
  WAYBILL_LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"], { error: "must be debug, info, warn, error or silent" })
    .default("info"),
  WAYBILL_CAPTURE_BYTES: wholeNumber(0, 65_536, 16_384),
  WAYBILL_REDACT: redactList,
  WAYBILL_OPERATION_RETENTION: wholeNumber(1, 3650, 30),
  WAYBILL_SESSION_RETENTION: wholeNumber(0, 3650, 3650),
  WAYBILL_SESSION_IDLE: wholeNumber(1, 365, 7),
  WAYBILL_JOURNAL_MAX: byteSize("1 MiB", "2 GiB"),
  WAYBILL_JOURNAL_FSYNC: z
    .enum(["never", "interval", "always"], { error: "must be never, interval or always" })
    .default("interval"),
  WAYBILL_LEDGER_FULL: z.enum(["block", "shed"], { error: "must be block or shed" }).default("block"),
  WAYBILL_CACHE_TABLES: commaList.pipe(cacheTables),
  WAYBILL_CACHE_STALE_MS: wholeNumber(0, 86_400_000, 0),
  WAYBILL_CACHE_BYTES: byteSize("1 MiB", "64 MiB"),
  WAYBILL_BODY_BYTES: wholeNumber(1024, 64 * 1_048_576, 1_048_576),
  WAYBILL_OTLP_LOGS_URL: z
    .string()
    .refine(isHttpUrl, "must be an http or https address such as http://127.0.0.1:4318/v1/logs")
    .optional(),
  WAYBILL_METRICS_TOKEN: z.string().min(16, "must have 16 characters at least").optional(),
  WAYBILL_BATCH_CALLS: wholeNumber(1, 1000, 20),
  WAYBILL_TRUST_PROXY: trustProxy,
  WAYBILL_MAX_CONNECTIONS: wholeNumber(1, 1_000_000, 2000),
  WAYBILL_RATE_STORE: z.enum(["memory", "database"], { error: "must be memory or database" }).default("memory"),
  WAYBILL_RATE_TIMEOUT_MS: wholeNumber(1, 60_000, 500),
  WAYBILL_RATE_ADDRESS_LOGINS: wholeNumber(0, 1_000_000, 60),
  WAYBILL_RATE_ADDRESS_READS: wholeNumber(0, 1_000_000, 6000),
  WAYBILL_RATE_ADDRESS_WRITES: wholeNumber(0, 1_000_000, 3000),
  WAYBILL_RATE_ACCOUNT_READS: wholeNumber(0, 1_000_000, 3000),
  WAYBILL_RATE_ACCOUNT_WRITES: wholeNumber(0, 1_000_000, 1500),
  WAYBILL_LOGIN_TRIES: wholeNumber(0, 1_000_000, 5),
  WAYBILL_LOGIN_ADDRESS_TRIES: wholeNumber(0, 1_000_000, 50),
  WAYBILL_LOGIN_FLOOR_MS: wholeNumber(0, 10_000, 500),
  WAYBILL_STOP_TIMEOUT_MS: wholeNumber(0, 600_000, 10_000),
  WAYBILL_ENGINE: z.enum(["pglite", "native"], { error: "must be pglite or native" }).default("pglite"),
});

/** Read by the command `admin`, not by the server: known here so that it is not taken for a typing error. */
const otherVariables = ["WAYBILL_ADMIN_PASSWORD"];

/** Which Supabase: the embedded one, or a project named by `SUPABASE_URL`. */
export type SupabaseSettings =
  | { readonly kind: "embedded"; readonly engine: "pglite" | "native" }
  | {
      readonly kind: "project";
      readonly url: string;
      readonly publishableKey: string;
      readonly secretKey: string;
      readonly jwtSecret: string | undefined;
      readonly jwtIssuer: string | undefined;
      /** Of the database itself, as the role that owns the tables. */
      readonly dbUrl: string | undefined;
      readonly caFile: string | undefined;
      readonly encryptionKey: string;
    };

/** The server's settings. Times are milliseconds, sizes bytes, paths absolute. */
export interface ServerEnv {
  readonly supabase: SupabaseSettings;
  readonly host: string;
  readonly port: number;
  readonly instance: string;
  readonly dataDir: string;
  readonly journalDir: string;
  /** Where applied plans are written as migrations. */
  readonly migrationsDir: string | undefined;
  /** Rows of each table that a plan is proven on at the most. */
  readonly planSampleRows: number;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Where a sign-in by OAuth may end, as URL writes it. */
  readonly redirects: readonly string[];
  readonly operationTimeoutMs: number;
  readonly allowHttpLoopback: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  readonly captureBytes: number;
  readonly redact: readonly string[];
  /** Days for which records are kept. */
  readonly operationRetentionDays: number;
  /** Days for which records outlive the end of their session; at most the days before takes effect. */
  readonly sessionRetentionDays: number;
  /** Days after which a session that nobody uses is over. */
  readonly sessionIdleDays: number;
  readonly maxJournalBytes: number;
  readonly journalFsync: "never" | "interval" | "always";
  readonly whenLedgerFull: "block" | "shed";
  /** Undefined where no table is named. */
  readonly cache: CacheOptions | undefined;
  readonly bodyBytes: number;
  readonly batchCalls: number;
  readonly trustProxy: TrustProxy;
  readonly maxConnections: number;
  readonly door: DoorSettings;
  readonly metricsToken: string | undefined;
  /** Where records go as OpenTelemetry logs besides the database. */
  readonly otlpLogsUrl: string | undefined;
  readonly stopTimeoutMs: number;
  /** What looks like a mistake, but does not keep the server from starting. */
  readonly warnings: readonly string[];
}

/** The environment cannot be used: `message` has one line for each variable, with the remedy. */
export class EnvError extends Error {
  readonly code = "ENV_INVALID";
  override readonly name = "EnvError";
}

const makeKeyCommand = `node -e "console.log('k1:' + require('node:crypto').randomBytes(32).toString('base64'))"`;

const remedies: Readonly<Record<string, string>> = {
  SUPABASE_URL: "copy it from the project's settings, or unset every SUPABASE_ variable to use the embedded Supabase",
  SUPABASE_PUBLISHABLE_KEY:
    "copy the key sb_publishable_… (or the legacy anon key) from the project's settings, API keys",
  SUPABASE_SECRET_KEY:
    "copy the key sb_secret_… (or the legacy service_role key) from the project's settings, API keys",
  SUPABASE_JWT_SECRET:
    "copy the legacy JWT secret from the project's settings, JWT keys, or unset it to verify by the published keys",
  WAYBILL_ENCRYPTION_KEY: `make one with: ${makeKeyCommand}`,
};

/** Reads the settings from `source`. Throws EnvError that names every wrong variable at once, never a value. */
export function readEnv(source: Readonly<Record<string, string | undefined>> = process.env): ServerEnv {
  // An empty variable is how a shell or a compose file says "not set".
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = variables.safeParse(given);
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => [String(path[0]), message] as const);
  const found = [...wrong, ...missing(given), ...wrongUrl(given)];
  if (!parsed.success || found.length > 0) throw new EnvError(problems(found));
  const env = parsed.data;
  const dataDir = resolve(env.WAYBILL_DATA_DIR);
  return {
    supabase: supabaseSettings(env),
    host: env.WAYBILL_HOST,
    port: env.WAYBILL_PORT,
    instance: env.WAYBILL_INSTANCE ?? instanceOfHost(hostname()),
    dataDir,
    journalDir: resolve(env.WAYBILL_JOURNAL_DIR ?? join(dataDir, "journal")),
    migrationsDir: env.WAYBILL_MIGRATIONS_DIR === undefined ? undefined : resolve(env.WAYBILL_MIGRATIONS_DIR),
    planSampleRows: env.WAYBILL_PLAN_SAMPLE_ROWS,
    allowedHosts: env.WAYBILL_ALLOWED_HOSTS,
    allowedOrigins: env.WAYBILL_ALLOWED_ORIGINS,
    redirects: env.WAYBILL_REDIRECTS,
    operationTimeoutMs: env.WAYBILL_OPERATION_TIMEOUT_MS,
    allowHttpLoopback: env.WAYBILL_ALLOW_HTTP_LOOPBACK,
    logLevel: env.WAYBILL_LOG_LEVEL,
    captureBytes: env.WAYBILL_CAPTURE_BYTES,
    redact: env.WAYBILL_REDACT,
    operationRetentionDays: env.WAYBILL_OPERATION_RETENTION,
    sessionRetentionDays: env.WAYBILL_SESSION_RETENTION,
    sessionIdleDays: env.WAYBILL_SESSION_IDLE,
    maxJournalBytes: env.WAYBILL_JOURNAL_MAX,
    journalFsync: env.WAYBILL_JOURNAL_FSYNC,
    whenLedgerFull: env.WAYBILL_LEDGER_FULL,
    cache: cacheOf(env),
    bodyBytes: env.WAYBILL_BODY_BYTES,
    batchCalls: env.WAYBILL_BATCH_CALLS,
    trustProxy: env.WAYBILL_TRUST_PROXY,
    maxConnections: env.WAYBILL_MAX_CONNECTIONS,
    door: doorOf(env),
    metricsToken: env.WAYBILL_METRICS_TOKEN,
    otlpLogsUrl: env.WAYBILL_OTLP_LOGS_URL,
    stopTimeoutMs: env.WAYBILL_STOP_TIMEOUT_MS,
    warnings: unknownVariables(given),
  };
}

/** The password that `admin create` takes from the environment, if it is given. */
export function readAdminPassword(
  source: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const password = source["WAYBILL_ADMIN_PASSWORD"];
  return password === "" ? undefined : password;
}

/** A project is named by its URL or by a key of it; then all four belong together. */
const ofProject = [
  "SUPABASE_URL",
  "SUPABASE_PUBLISHABLE_KEY",
  "SUPABASE_SECRET_KEY",
  "WAYBILL_ENCRYPTION_KEY",
] as const;

function missing(given: Readonly<Record<string, unknown>>): (readonly [name: string, problem: string])[] {
  const named = ofProject.some((name) => name.startsWith("SUPABASE_") && name in given);
  return named ? ofProject.filter((name) => !(name in given)).map((name) => [name, "is missing"] as const) : [];
}

/** Which URLs are good depends on another variable, so no schema of one variable can tell. */
function wrongUrl(given: Readonly<Record<string, unknown>>): (readonly [name: string, problem: string])[] {
  if (!("SUPABASE_URL" in given)) return [];
  const rule = supabaseUrlSchema({ allowHttpLoopback: given["WAYBILL_ALLOW_HTTP_LOOPBACK"] === "1" });
  return (rule.safeParse(given["SUPABASE_URL"]).error?.issues ?? []).map(({ message }) => ["SUPABASE_URL", message]);
}

function supabaseSettings(env: z.infer<typeof variables>): SupabaseSettings {
  const { SUPABASE_URL: url, SUPABASE_PUBLISHABLE_KEY: publishableKey, SUPABASE_SECRET_KEY: secretKey } = env;
  const encryptionKey = env.WAYBILL_ENCRYPTION_KEY;
  if (url === undefined || publishableKey === undefined || secretKey === undefined || encryptionKey === undefined) {
    return { kind: "embedded", engine: env.WAYBILL_ENGINE };
  }
  const { SUPABASE_JWT_SECRET: jwtSecret, SUPABASE_JWT_ISSUER: jwtIssuer, SUPABASE_DB_URL: dbUrl } = env;
  const caFile = env.WAYBILL_CA_FILE;
  return { kind: "project", url, publishableKey, secretKey, jwtSecret, jwtIssuer, dbUrl, caFile, encryptionKey };
}

function cacheOf(env: z.infer<typeof variables>): CacheOptions | undefined {
  const { WAYBILL_CACHE_TABLES: ttls, WAYBILL_CACHE_STALE_MS: staleMs, WAYBILL_CACHE_BYTES: maxBytes } = env;
  if (ttls.size === 0) return undefined;
  const tables = Object.fromEntries(Array.from(ttls, ([table, ttlMs]) => [table, { ttlMs, staleMs }]));
  return { tables, maxBytes };
}

function doorOf(env: z.infer<typeof variables>): DoorSettings {
  return {
    rateStore: env.WAYBILL_RATE_STORE,
    rateTimeoutMs: env.WAYBILL_RATE_TIMEOUT_MS,
    rates: {
      address: {
        logins: env.WAYBILL_RATE_ADDRESS_LOGINS,
        reads: env.WAYBILL_RATE_ADDRESS_READS,
        writes: env.WAYBILL_RATE_ADDRESS_WRITES,
      },
      user: { reads: env.WAYBILL_RATE_ACCOUNT_READS, writes: env.WAYBILL_RATE_ACCOUNT_WRITES },
    },
    loginTries: { account: env.WAYBILL_LOGIN_TRIES, address: env.WAYBILL_LOGIN_ADDRESS_TRIES },
    loginFloorMs: env.WAYBILL_LOGIN_FLOOR_MS,
    batchCalls: env.WAYBILL_BATCH_CALLS,
  };
}

function problems(found: readonly (readonly [name: string, problem: string])[]): string {
  const lines = found.map(([name, problem]) => {
    const remedy = remedies[name];
    return `  ${name} ${problem}${remedy === undefined ? "" : `: ${remedy}`}`;
  });
  return ["The environment cannot be used:", ...new Set(lines)].join("\n");
}

function unknownVariables(given: Readonly<Record<string, unknown>>): string[] {
  const known = new Set([...Object.keys(variables.shape), ...otherVariables]);
  return Object.keys(given)
    .filter((name) => name.startsWith("WAYBILL_") && !known.has(name))
    .map((name) => `${name} is not a setting of Waybill and is ignored: look for a typing error in its name`);
}
