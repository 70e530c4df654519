import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTRPCClient, httpLink, type TRPCClient } from "@trpc/client";
import { makeEncryptionKey } from "@waybill/db";
import { inject } from "vitest";
import type { AppRouter } from "../app-router.ts";
import { readEnv } from "../env.ts";
import { createLogger } from "../log.ts";
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
  readonly stack?: { url: string; publishableKey: string; secretKey: string; jwtSecret: string; ca: string };
  readonly env?: Record<string, string>;
}

export async function openStage({ stack = inject("stack"), env = {} }: StageOptions = {}): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "waybill-server-"));
  opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const settings = await projectEnv(directory, stack);
  let log = "";
  const logger = createLogger("debug", { write: (line: string) => void (log += line) });
  const server = opened.use(await startServer(readEnv({ ...settings, ...env }), logger));

  const client: Stage["client"] = (bearer, headers = {}) => {
    const authorization: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    return createTRPCClient<AppRouter>({
      links: [httpLink({ url: `${server.url}/trpc`, headers: { ...authorization, ...headers } })],
    });
  };
  const signedIn = async (email: string, password: string): Promise<Person> => {
    const { session, session_token } = await client().sessions.login.mutate({ email, password });
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
    WAYBILL_CA_FILE: caFile,
    WAYBILL_PORT: "0",
    WAYBILL_INSTANCE: `test-${randomBytes(4).toString("hex")}`,
    WAYBILL_DATA_DIR: directory,
    WAYBILL_ENCRYPTION_KEY: makeEncryptionKey(),
  };
}

export function credentials(): [email: string, password: string] {
  return [`${randomUUID()}@example.com`, randomBytes(12).toString("base64url")];
}
