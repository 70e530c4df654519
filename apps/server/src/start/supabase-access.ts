import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeEncryptionKey, parseEncryptionKeys, type EncryptionKeys } from "@waybill/db";
import { type LocalSupabase, LocalSupabaseError, start } from "@waybill/local-supabase";
import { EnvError, type ServerEnv } from "../env.ts";
import { readIfThere, writePrivateFile } from "./private-file.ts";
import { runningStack } from "./running-stack.ts";

/** How to reach Supabase, and what to stop when the server stops. */
export interface SupabaseAccess extends AsyncDisposable {
  readonly url: string;
  readonly publishableKey: string;
  readonly secretKey: string;
  readonly jwtSecret: string | undefined;
  /** Who issues its tokens, where that is not `auth/v1` below its URL. */
  readonly jwtIssuer?: string | undefined;
  /** Of the database itself, as the role that owns the tables; undefined where nobody gave it. */
  readonly dbUrl: string | undefined;
  /** PEM text of a certificate to trust besides the usual ones. */
  readonly ca: string | undefined;
  readonly encryptionKeys: EncryptionKeys;
  /** Settles, with the reason in a sentence, when the embedded stack ends by itself. */
  readonly lost: Promise<string>;
}

/** A project of its own cannot end under the server: its absence is the connection's matter. */
const never = new Promise<never>(() => {});

/** Access to the project that the environment names, or to the embedded stack, which it starts. */
export async function openSupabase(env: ServerEnv): Promise<SupabaseAccess> {
  const { supabase } = env;
  if (supabase.kind === "embedded") return startEmbedded(env.dataDir, supabase.engine);
  const { url, publishableKey, secretKey, jwtSecret, jwtIssuer, dbUrl, caFile, encryptionKey } = supabase;
  return {
    url,
    publishableKey,
    secretKey,
    jwtSecret,
    jwtIssuer,
    dbUrl,
    ca: caFile === undefined ? undefined : await readCa(caFile),
    encryptionKeys: parseEncryptionKeys(encryptionKey),
    lost: never,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** As `openSupabase`, but where a running server has the embedded stack open, by way of that one. */
export async function joinSupabase(env: ServerEnv): Promise<SupabaseAccess> {
  try {
    return await openSupabase(env);
  } catch (error) {
    if (!(error instanceof LocalSupabaseError) || error.code !== "DATA_DIR_IN_USE") throw error;
    const note = await runningStack(env.dataDir).read();
    if (note === null) throw error;
    const encryptionKeys = parseEncryptionKeys(await ownEncryptionKey(env.dataDir));
    return { ...note, dbUrl: undefined, encryptionKeys, lost: never, [Symbol.asyncDispose]: async () => {} };
  }
}

async function startEmbedded(dataDir: string, engine: "pglite" | "native"): Promise<SupabaseAccess> {
  const encryptionKeys = parseEncryptionKeys(await ownEncryptionKey(dataDir));
  const stack = await start({ dataDir: join(dataDir, "supabase"), engine });
  const { url, publishableKey, secretKey, jwtSecret, dbUrl, ca, pid } = stack;
  const note = await runningStack(dataDir).write({ url, publishableKey, secretKey, jwtSecret, ca, pid });
  return {
    url,
    publishableKey,
    secretKey,
    jwtSecret,
    dbUrl,
    ca,
    encryptionKeys,
    lost: lossOf(stack.ended),
    [Symbol.asyncDispose]: async () => {
      await note.remove();
      await stack.stop();
    },
  };
}

async function lossOf(ended: LocalSupabase["ended"]): Promise<string> {
  const reason = await ended;
  return reason === undefined ? never : reason.message;
}

/** The embedded stack's own key, made on its first start (0600). Losing it loses the stored sessions, nothing else. */
async function ownEncryptionKey(dataDir: string): Promise<string> {
  const path = join(dataDir, "encryption.key");
  const stored = await readIfThere(path);
  if (stored !== null) return stored.trim();
  const made = makeEncryptionKey();
  await writePrivateFile(path, `${made}\n`);
  return made;
}

async function readCa(path: string): Promise<string> {
  const wrong = (what: string, cause: unknown) =>
    new EnvError(`WAYBILL_CA_FILE ${what} ${path}: give the path of a PEM file, or unset it.`, { cause });
  const pem = await readFile(path, "utf8").catch((cause: unknown) => Promise.reject(wrong("cannot be read at", cause)));
  try {
    // TLS itself would pass over what is no certificate, and later call Supabase's own untrusted
    void new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw wrong("has no certificate in", cause);
  }
}
