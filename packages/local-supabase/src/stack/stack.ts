import { join } from "node:path";
import { authAdminHandler } from "../auth-admin/auth-admin.ts";
import { loadCertificate } from "../data-dir/certificate.ts";
import { refuseWritesWithoutRoom } from "../http/full-disk.ts";
import { listenHttps } from "../http/server.ts";
import { loadKeys } from "../data-dir/keys.ts";
import { createLite } from "../lite.ts";
import { guardRequests } from "../lite-walls/guard-requests.ts";
import { lockDirectory } from "../data-dir/lock.ts";
import { closeDataDir } from "../data-dir/prepare.ts";
import type { StackDetails, StartRequest } from "./messages.ts";
import { applyMigrations, applySeeds } from "../project/migrations.ts";
import { openEngine } from "./open-engine.ts";
import { readProject } from "../project/project.ts";
import { limitStackLog } from "./log.ts";
import { fileStorage } from "../storage/files.ts";
import { withoutForm } from "../storage/forms.ts";
import { prepareSystemSchema } from "../project/system-schema.ts";

export interface Stack {
  readonly details: StackDetails;
  /** Resolves to the reason when the database has ended by itself. */
  readonly crashed: Promise<string>;
  stop(): Promise<void>;
}

/** Opens a data directory and serves it: everything that happens inside the stack's own process. */
export async function openStack(request: StartRequest): Promise<Stack> {
  await using opened = new AsyncDisposableStack();
  const { dataDir } = request;
  const lock = await lockDirectory(dataDir);
  opened.defer(() => lock.release());
  await closeDataDir(dataDir, request.engine);
  limitStackLog(dataDir);
  const project = await readProject(request.project);
  const keys = await loadKeys(dataDir);
  const certificate = await loadCertificate(dataDir);
  const server = await listenHttps(request.port, certificate);
  opened.defer(() => server.close(5_000));
  const engine = await openEngine(request, keys, project);
  opened.defer(() => engine.close());
  // Before the database: what is under way still has to be answered.
  opened.defer(() => server.close(5_000));
  const storage = fileStorage(join(dataDir, "storage"));
  const lite = createLite(engine.connection, keys, project.config, server.url, storage);
  await prepareSystemSchema(engine, lite);
  await applyMigrations(engine, project.migrations);
  if (request.seed) await applySeeds(engine, project.seeds);
  await lite.clearSchemaCache();
  await engine.onSchemaChange(() => void lite.clearSchemaCache());
  const issuer = { issuer: `${server.url}/auth/v1`, jwtSecret: keys.jwtSecret, query: engine.query };
  const services = guardRequests(lite.fetch, issuer);
  const admin = authAdminHandler({
    ...keys,
    url: server.url,
    siteUrl: project.config.auth.site_url ?? server.url,
    query: engine.query,
  });
  const answer = async (asked: Request): Promise<Response> =>
    (await admin(asked)) ?? services(await withoutForm(asked));
  server.answerWith(refuseWritesWithoutRoom(answer, engine.lowOnSpace));

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
    crashed: engine.crashed,
    stop: () => closing.disposeAsync(),
  };
}
