import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TRPCClient } from "@trpc/client";
import { makeEncryptionKey } from "@waybill/db";
import { inject } from "vitest";
import type { AppRouter } from "../app-router.ts";
import { readEnv } from "../env.ts";
import { createLogger } from "../log.ts";
import { clientOf } from "./client-of.ts";
import { noteJournals, noteSaid, noteSecret } from "./evidence.ts";
import type { Services } from "../services.ts";
import { makeAdmin } from "../start/make-admin.ts";
import { startServer } from "../start/start-server.ts";

type Client = TRPCClient<AppRouter>;

/** Somebody who has signed in. */
export interface Person {
  readonly email: string;
  readonly password: string;
  readonly userId: string;
  readonly sessionToken: string;
  readonly api: Client;
}

/** A server of its own in front of a real Supabase. Disposing of it stops the server and removes its files. */
export interface Stage extends AsyncDisposable {
  readonly url: string;
  readonly services: Services;
  /** All that the server has logged, as text. */
  readonly log: () => string;
  readonly client: (bearer?: string, headers?: Record<string, string>) => Client;
  readonly newUser: () => Promise<Person>;
  readonly newAdmin: () => Promise<Person>;
}

export interface StageOptions {
  readonly stack?: {
    url: string;
    publishableKey: string;
    secretKey: string;
    jwtSecret: string;
    ca: string;
    dbUrl?: string;
  };
  readonly env?: Record<string, string>;
}

export async function openStage({ stack = inject("stack"), env = {} }: StageOptions = {}): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "waybill-server-"));
  opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const settings = await projectEnv(directory, stack);
  noteKeys(settings);
  let log = "";
  const logger = createLogger("debug", { write: (line: string) => void (log += line) });
  opened.defer(() => noteSaid("a server's log", log));
  const server = opened.use(await startServer(readEnv({ ...settings, ...env }), logger));
  opened.defer(() => noteTraces(server.url, directory));

  const client: Stage["client"] = (bearer, headers = {}) =>
    clientOf(server.url, { bearer, headers, fetch: notingFetch });
  const signedIn = async (email: string, password: string): Promise<Person> => {
    const { session, session_token = "" } = await client().sessions.login.mutate({ email, password });
    const api = client(session_token);
    return { email, password, userId: session.user_id, sessionToken: session_token, api };
  };
  const newUser = async (): Promise<Person> => {
    const [email, password] = credentials();
    await client().sessions.signUp.mutate({ email, password });
    return signedIn(email, password);
  };
  const newAdmin = async (): Promise<Person> => {
    const [email, password] = credentials();
    await makeAdmin(server.services.waybill, { email, password, newPassword: password });
    return signedIn(email, password);
  };
  const stage = opened.move();
  return {
    url: server.url,
    services: server.services,
    log: () => log,
    client,
    newUser,
    newAdmin,
    [Symbol.asyncDispose]: () => stage.disposeAsync(),
  };
}

/** A test is one address that signs many people in and calls as fast as it can; those of the limits set their own. */
const withoutRates = {
  WAYBILL_RATE_ADDRESS_LOGINS: "0",
  WAYBILL_RATE_ADDRESS_READS: "0",
  WAYBILL_RATE_ADDRESS_WRITES: "0",
  WAYBILL_RATE_ACCOUNT_READS: "0",
  WAYBILL_RATE_ACCOUNT_WRITES: "0",
  WAYBILL_LOGIN_TRIES: "0",
  WAYBILL_LOGIN_ADDRESS_TRIES: "0",
  WAYBILL_MAX_CONNECTIONS: "20000",
};

/** Settings for a server in front of `stack`, as an operator would give them. */
export async function projectEnv(
  directory: string,
  stack: NonNullable<StageOptions["stack"]>,
): Promise<Record<string, string>> {
  const caFile = join(directory, "ca.pem");
  await writeFile(caFile, stack.ca);
  return {
    SUPABASE_URL: stack.url,
    SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
    SUPABASE_SECRET_KEY: stack.secretKey,
    SUPABASE_JWT_SECRET: stack.jwtSecret,
    ...(stack.dbUrl === undefined ? {} : { SUPABASE_DB_URL: stack.dbUrl }),
    WAYBILL_CA_FILE: caFile,
    WAYBILL_PORT: "0",
    WAYBILL_INSTANCE: `test-${randomBytes(4).toString("hex")}`,
    WAYBILL_DATA_DIR: directory,
    WAYBILL_ENCRYPTION_KEY: makeEncryptionKey(),
    ...withoutRates,
  };
}

export function credentials(): [email: string, password: string] {
  const password = randomBytes(12).toString("base64url");
  noteSecret("a password", password);
  return [`${randomUUID()}@example.com`, password];
}

function noteKeys(settings: Readonly<Record<string, string>>): void {
  for (const name of ["SUPABASE_SECRET_KEY", "SUPABASE_JWT_SECRET"]) noteSecret(name, settings[name] ?? name);
  noteSecret("WAYBILL_ENCRYPTION_KEY", settings["WAYBILL_ENCRYPTION_KEY"]?.split(":")[1] ?? "");
}

/** What a server shows and has written, as long as it stands. */
async function noteTraces(url: string, directory: string): Promise<void> {
  noteJournals(directory);
  const metrics = await fetch(`${url}/metrics`).catch(() => null);
  if (metrics !== null) noteSaid("metrics", await metrics.text());
}

/** As tRPC's links call fetch: an absent signal may be spelled `undefined`. */
interface LinkRequestInit extends Omit<RequestInit, "signal"> {
  signal?: AbortSignal | null | undefined;
}

/** A login alone answers with a secret: the session token, once. Whoever it is for, it stands nowhere else. */
async function notingFetch(input: string | URL | Request, init?: LinkRequestInit): Promise<Response> {
  const response = await fetch(input, { ...init, signal: init?.signal ?? null });
  const { pathname } = new URL(response.url);
  const text = await response.clone().text();
  if (/sessions\.(?:login|adopt)/.test(pathname)) {
    for (const [token] of text.matchAll(/wbs_[\w-]{43}/g)) noteSecret("a session token", token);
  } else noteSaid(`an answer of ${pathname}`, text);
  return response;
}
