import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "@waybill/local-supabase";
import { type CountingProxy, startCountingProxy } from "../counting-proxy/counting-proxy.ts";
import { plainEnvironment } from "../env.ts";

/** A fresh Supabase behind a counting proxy, and the settings for servers in front of it. Disposing removes all of it. */
export interface Stage extends AsyncDisposable {
  readonly proxy: CountingProxy;
  /** For a server or an admin command: Supabase by way of the proxy, directories and keys that outlive a restart. */
  readonly serverEnv: NodeJS.ProcessEnv;
}

export interface StageOptions {
  /** The instance's name in `supabase_clients`. */
  readonly instance: string;
  /** Of the embedded Supabase. Default: PGlite. */
  readonly engine?: "pglite" | "native";
}

export async function openStage({ instance, engine = "pglite" }: StageOptions): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "waybill-stage-"));
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  // run as root, Postgres is another user, who has to get to its own directory in here
  if (engine === "native") await chmod(directory, 0o711);
  const supabase = stack.use(await start({ dataDir: join(directory, "supabase"), engine }));
  const proxy = stack.use(await startCountingProxy({ upstream: supabase.url, ca: supabase.ca }));
  const caFile = join(directory, "proxy.pem");
  await writeFile(caFile, proxy.ca);
  const serverEnv = {
    ...plainEnvironment(),
    SUPABASE_URL: proxy.url,
    SUPABASE_PUBLISHABLE_KEY: supabase.publishableKey,
    SUPABASE_SECRET_KEY: supabase.secretKey,
    SUPABASE_JWT_SECRET: supabase.jwtSecret,
    // past the proxy: it counts the Data API's requests, and tables are made by SQL
    SUPABASE_DB_URL: supabase.dbUrl,
    WAYBILL_CA_FILE: caFile,
    WAYBILL_PORT: "0",
    WAYBILL_INSTANCE: instance,
    WAYBILL_DATA_DIR: join(directory, "waybill"),
    WAYBILL_ENCRYPTION_KEY: `k1:${randomBytes(32).toString("base64")}`,
    WAYBILL_LOG_LEVEL: "warn",
    // one address is all callers here, and calls as fast as it can
    WAYBILL_RATE_ADDRESS_LOGINS: "0",
    WAYBILL_RATE_ADDRESS_READS: "0",
    WAYBILL_RATE_ADDRESS_WRITES: "0",
    WAYBILL_RATE_ACCOUNT_READS: "0",
    WAYBILL_RATE_ACCOUNT_WRITES: "0",
    WAYBILL_LOGIN_TRIES: "0",
    WAYBILL_LOGIN_ADDRESS_TRIES: "0",
  };
  const opened = stack.move();
  return { proxy, serverEnv, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
