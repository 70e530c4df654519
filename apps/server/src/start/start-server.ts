import type { RequestListener } from "node:http";
import { scratchDatabase } from "@waybill/local-supabase";
import type { Logger } from "pino";
import { createApp } from "../app.ts";
import type { ServerEnv } from "../env.ts";
import { createServices, type Services } from "../services.ts";
import { keyFetcher } from "./fetch-keys.ts";
import { ensureFirstAdmin } from "./first-admin.ts";
import { listen } from "./listen.ts";
import { openRecordLogs } from "../telemetry/record-logs/record-logs.ts";
import { openWaybill } from "./open-waybill.ts";
import { openSupabase } from "./supabase-access.ts";

/** A server that serves. Disposing of it stops it gracefully. */
export interface RunningServer extends AsyncDisposable {
  /** `http://host:port` */
  readonly url: string;
  readonly services: Services;
  /** Settles, with the reason in a sentence, when the embedded stack ends by itself: nothing can be served then. */
  readonly lost: Promise<string>;
}

/**
 * Starts the server as the settings say; with an embedded stack, that one first. An unreachable Supabase is no reason
 * not to start: `/ready` tells. Throws EnvError, ListenError, LocalSupabaseError, WaybillDbError or LedgerError, whose
 * messages are for whoever started it.
 */
export async function startServer(env: ServerEnv, logger: Logger): Promise<RunningServer> {
  await using opened = new AsyncDisposableStack();
  // First of all, for a port that is taken is told at once, before a database is made or Supabase asked for.
  let app: RequestListener = answerStarting;
  const server = await listen((request, response) => app(request, response), env.host, env.port, {
    maxConnections: env.maxConnections,
    // a proxy's are everybody's
    connectionsOfAddress: env.trustProxy === false ? Math.ceil(env.maxConnections / 4) : env.maxConnections,
  });
  opened.defer(async () => void (await server.drain(0)));
  const access = opened.use(await openSupabase(env));
  const { otlpLogsUrl: url, instance } = env;
  const recordLogs = url === undefined ? undefined : opened.use(openRecordLogs({ url, instance, logger }));
  const waybill = opened.use(openWaybill(env, access, logger, { sink: recordLogs?.sink }));
  const fetchKeys = opened.use(keyFetcher(access.ca));
  if (env.supabase.kind === "embedded") {
    const path = await ensureFirstAdmin(waybill, env.dataDir);
    logger.info({ path }, "the first admin's credentials are in this file");
  }
  const { supabase } = env;
  const engine = supabase.kind === "embedded" ? supabase.engine : "pglite";
  const services = opened.use(
    createServices({
      waybill,
      url: access.url,
      jwtSecret: access.jwtSecret,
      jwtIssuer: access.jwtIssuer,
      encryptionKeys: access.encryptionKeys,
      redirects: env.redirects,
      fetchKeys,
      door: env.door,
      logger,
      recordLogs,
      sessionIdleDays: env.sessionIdleDays,
      operationTimeoutMs: env.operationTimeoutMs,
      dbUrl: access.dbUrl,
      // PGlite passes no notification on to another connection
      listenUrl: supabase.kind === "embedded" && engine === "pglite" ? undefined : access.dbUrl,
      migrationsDir: env.migrationsDir,
      planSampleRows: env.planSampleRows,
      openScratch: () => scratchDatabase({ engine }),
    }),
  );
  app = createApp({ ...env, services, logger });
  // Last in, first out: requests are drained before the ledger is flushed, the ledger before the stack goes.
  opened.defer(async () => {
    logger.info("stopping: open requests may finish");
    services.modelWatches.end();
    const whole = await server.drain(env.stopTimeoutMs);
    if (!whole) logger.warn({ stop_timeout_ms: env.stopTimeoutMs }, "requests were cut off at the deadline");
  });
  const stack = opened.move();
  return { url: server.url, services, lost: access.lost, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const answerStarting: RequestListener = (_request, response) => {
  response.writeHead(503, { "content-type": "application/json", "retry-after": "1" });
  response.end(JSON.stringify({ status: "not_ready", message: "The server is starting" }));
};
