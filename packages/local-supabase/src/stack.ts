import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { hardenSql, bootstrapSql } from "./bootstrap.ts";
import { loadCertificate } from "./certificate.ts";
import { openPglite } from "./engine-pglite.ts";
import type { Engine } from "./engine.ts";
import { listenHttps } from "./https-server.ts";
import { loadKeys } from "./keys.ts";
import { createLite } from "./lite.ts";
import { lockDirectory } from "./lock.ts";
import type { StackDetails, StartRequest } from "./messages.ts";
import { applyMigrations, applySeeds } from "./migrations.ts";
import { readProject } from "./project.ts";

export interface Stack {
  readonly details: StackDetails;
  stop(): Promise<void>;
}

/** Opens a data directory and serves it: everything that happens inside the stack's own process. */
export async function openStack(request: StartRequest): Promise<Stack> {
  await using opened = new AsyncDisposableStack();
  const { dataDir } = request;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(dataDir);
  opened.defer(() => lock.release());
  const project = await readProject(request.project);
  const keys = await loadKeys(dataDir);
  const certificate = await loadCertificate(dataDir);
  const server = await listenHttps(request.port, certificate);
  opened.defer(() => server.close(5_000));
  const engine = await openEngine(request);
  opened.defer(() => engine.close());

  await engine.exec(bootstrapSql);
  const lite = createLite(engine.connection, keys, project.config, server.url);
  await lite.ensureSystemSchema();
  await engine.exec(hardenSql);
  await applyMigrations(engine, project.migrations);
  if (request.seed) await applySeeds(engine, project.seeds);
  await lite.clearSchemaCache();
  server.answerWith(lite.fetch);

  const closing = opened.move();
  return {
    details: {
      url: server.url,
      publishableKey: keys.publishableKey,
      secretKey: keys.secretKey,
      jwtSecret: keys.jwtSecret,
      dbUrl: engine.dbUrl,
      ca: certificate.ca,
    },
    stop: () => closing.disposeAsync(),
  };
}

function openEngine({ dataDir }: StartRequest): Promise<Engine> {
  return openPglite(join(dataDir, "pgdata"));
}
