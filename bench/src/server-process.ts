import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import express from "express";
import { z } from "zod";
import { createApp } from "../../apps/server/src/app.ts";
import { readEnv } from "../../apps/server/src/env.ts";
import { createLogger } from "../../apps/server/src/log.ts";
import { startServer } from "../../apps/server/src/start/start-server.ts";
import { SECRET_KEY } from "./call-contenders.ts";
import { answerParent } from "./child.ts";
import { ownCpu } from "./slice.ts";

// One server in a process of its own: Waybill's whole, or what somebody would write by hand.
const PUBLISHABLE_KEY = `sb_publishable_${"x".repeat(32)}`;
const setup = z.object({
  name: z.enum(["waybill", "express", "expressPerCaller"]),
  url: z.string(),
  jwtSecret: z.string(),
  encryptionKey: z.string(),
  /** Whom the open one takes every caller for. */
  accessToken: z.string(),
});
type Setup = z.infer<typeof setup>;
type Server = AsyncDisposable & {
  readonly url: string;
  /** Of Waybill: the same procedures without the question who calls, in the same process, so that nothing else differs. */
  readonly openUrl?: string;
};

const options = { db: { retry: false }, auth: { persistSession: false, autoRefreshToken: false } };

async function waybill({ url, jwtSecret, encryptionKey, accessToken }: Setup): Promise<Server> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "waybill-bench-"));
  opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  const env = readEnv({
    SUPABASE_URL: url,
    SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE_KEY,
    SUPABASE_SECRET_KEY: SECRET_KEY,
    SUPABASE_JWT_SECRET: jwtSecret,
    WAYBILL_ALLOW_HTTP_LOOPBACK: "1",
    WAYBILL_PORT: "0",
    WAYBILL_DATA_DIR: directory,
    WAYBILL_ENCRYPTION_KEY: encryptionKey,
    WAYBILL_LOG_LEVEL: "error",
    // one address is all callers here; as many as may be, and not none, so that counting them is part of the cost
    WAYBILL_RATE_ADDRESS_READS: "1000000",
    WAYBILL_RATE_ADDRESS_WRITES: "1000000",
    WAYBILL_RATE_ACCOUNT_READS: "1000000",
    WAYBILL_RATE_ACCOUNT_WRITES: "1000000",
  });
  const logger = createLogger("error");
  const { url: address, services } = opened.use(await startServer(env, logger));
  const caller = { userId: randomUUID(), email: null, roles: [], permissions: [], accessToken, held: null };
  const open = opened.use(
    await listening(createApp({ ...env, services: { ...services, callerOf: async () => caller }, logger })),
  );
  const rest = opened.move();
  return { url: address, openUrl: open.url, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

/** Express as it comes, and one client for all; or one for each caller, as the caller's row-level security asks for. */
async function byHand({ url, name }: Setup): Promise<Server> {
  const shared = createClient(url, PUBLISHABLE_KEY, options);
  const app = express();
  const rowsFor = async (authorization: string): Promise<unknown> => {
    const supabase =
      name === "express"
        ? shared
        : createClient(url, PUBLISHABLE_KEY, { ...options, global: { headers: { Authorization: authorization } } });
    const { data } = await supabase.from("rows").select("id,iata,name,note").order("id").limit(11).throwOnError();
    return { rows: data };
  };
  app.get("/rows", (request, response, next) => {
    rowsFor(request.headers.authorization ?? "").then((rows) => response.json(rows), next);
  });
  return await listening(app);
}

async function listening(app: RequestListener): Promise<Server> {
  const server = createServer(app);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

let server: Server | undefined;
answerParent(
  async (message) => {
    if (server !== undefined) return ownCpu();
    const given = setup.parse(message);
    server = await (given.name === "waybill" ? waybill(given) : byHand(given));
    const { url, openUrl } = server;
    return { url, openUrl };
  },
  async () => await server?.[Symbol.asyncDispose](),
);
