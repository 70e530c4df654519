import type { EncryptionKeys, Waybill } from "@waybill/db";
import type { FetchImplementation } from "jose";
import type { Logger } from "pino";
import { type Door, type DoorSettings, openDoor } from "./door/door.ts";
import { createDataService, type DataService } from "./features/data/service.ts";
import { createDefinitionCheck, type DefinitionCheck } from "./features/models/definitions/definition-check.ts";
import { createModelImports, type ModelImports } from "./features/models/migrations/model-imports.ts";
import { createModelMigrations, type ModelMigrations } from "./features/models/migrations/model-migrations.ts";
import { createScratchPool, type OpenScratch } from "./features/models/migrations/scratch-pool.ts";
import { createModelLookup } from "./features/models/model-lookup.ts";
import { createRowValidation, type RowValidation } from "./features/models/row-validation.ts";
import { openModelChanges } from "./features/models/watching/model-changes.ts";
import { createModelWatches, type ModelWatches } from "./features/models/watching/model-watches.ts";
import { createModelService, type ModelService } from "./features/models/service.ts";
import { tokenVerifier } from "./features/sessions/access-token.ts";
import { askAuth } from "./features/sessions/ask-auth.ts";
import { callerResolver, type CallerResolver } from "./features/sessions/caller.ts";
import { projectKeys } from "./features/sessions/project-keys.ts";
import { createOpenSessions, type OpenSessions } from "./features/sessions/open-sessions.ts";
import { createOwnSessions, type OwnSessions } from "./features/sessions/own-sessions.ts";
import { createSessionRefresher } from "./features/sessions/refresh.ts";
import { createLogins, type Logins } from "./features/sessions/logins/logins.ts";
import { createSessionService, type SessionService } from "./features/sessions/service.ts";
import { openSessionStreams, type SessionStreams } from "./features/sessions/session-streams.ts";
import { packageLog } from "./log.ts";
import type { RecordLogs } from "./telemetry/record-logs/record-logs.ts";
import { createTelemetry, type Telemetry } from "./telemetry/telemetry.ts";

/** What procedures work with: made once, shared by all requests. */
export interface Services extends AsyncDisposable {
  readonly waybill: Waybill;
  readonly openSessions: OpenSessions;
  readonly callerOf: CallerResolver;
  readonly sessions: SessionService;
  readonly ownSessions: OwnSessions;
  readonly sessionStreams: SessionStreams;
  readonly logins: Logins;
  readonly models: ModelService;
  readonly modelWatches: ModelWatches;
  readonly definitions: DefinitionCheck;
  readonly modelMigrations: ModelMigrations;
  readonly modelImports: ModelImports;
  readonly data: DataService;
  readonly rowValidation: RowValidation;
  readonly telemetry: Telemetry;
  readonly door: Door;
}

export interface ServicesOptions {
  readonly waybill: Waybill;
  /** The Supabase project's URL. */
  readonly url: string;
  readonly jwtSecret: string | undefined;
  /** Default: `auth/v1` below the project's URL. */
  readonly jwtIssuer?: string | undefined;
  readonly encryptionKeys: EncryptionKeys;
  /** Where a sign-in by OAuth may end. */
  readonly redirects: readonly string[];
  /** Fetches the project's public keys: nothing else goes this way. */
  readonly fetchKeys: FetchImplementation;
  readonly door: DoorSettings;
  readonly logger: Logger;
  readonly recordLogs?: RecordLogs | undefined;
  /** Days after which a session that nobody uses is over. */
  readonly sessionIdleDays: number;
  readonly operationTimeoutMs: number;
  /** Of the database itself, to change models' tables; without it, plans are shown and not applied. */
  readonly dbUrl: string | undefined;
  /** The same where changes can be heard of by LISTEN. */
  readonly listenUrl: string | undefined;
  /** Where migrations are written as files. */
  readonly migrationsDir: string | undefined;
  /** Most rows of each table that a plan is proven on. */
  readonly planSampleRows: number;
  readonly openScratch: OpenScratch;
}

const dayMs = 86_400_000;

export function createServices(options: ServicesOptions): Services {
  const { waybill, url, jwtSecret, jwtIssuer, fetchKeys, encryptionKeys, redirects, logger, recordLogs } = options;
  const { sessionIdleDays, operationTimeoutMs } = options;
  const door = openDoor(options.door, waybill.counters(options.door.rateTimeoutMs), logger);
  const sessionStreams = openSessionStreams({ sessions: waybill.sessions, logger });
  const openSessions = createOpenSessions(waybill.sessions, () => sessionStreams.look());
  const idleMs = sessionIdleDays * dayMs;
  const refresher = createSessionRefresher({ waybill, sessions: openSessions, logger, idleMs, operationTimeoutMs });
  const auth = new URL("auth/v1", url.endsWith("/") ? url : `${url}/`);
  const keys = projectKeys({ url: new URL(`${auth.href}/.well-known/jwks.json`), fetch: fetchKeys });
  const verify = tokenVerifier({ issuer: jwtIssuer ?? auth.href, jwtSecret, keys, askAuth: askAuth(waybill) });
  const { guard } = door;
  const logins = createLogins({ waybill, logger, authUrl: auth.href, keys: encryptionKeys, redirects, guard });
  const lookup = createModelLookup(waybill.models);
  const scratch = createScratchPool({ open: options.openScratch });
  const definitions = createDefinitionCheck({ waybill, scratch, logger });
  const { dbUrl, listenUrl, migrationsDir: folder, planSampleRows: sampleRows } = options;
  const log = packageLog(logger);
  const changes = openModelChanges({ marks: waybill.models, lookup, listenUrl, log });
  return {
    waybill,
    openSessions,
    callerOf: callerResolver(openSessions, refresher, verify),
    sessions: createSessionService(waybill, openSessions, refresher),
    ownSessions: createOwnSessions(waybill, openSessions, refresher, logins.checkPassword),
    sessionStreams,
    logins,
    models: createModelService(waybill.models, lookup, changes, definitions),
    definitions,
    modelWatches: createModelWatches({ waybill, lookup, changes, sessionStreams }),
    modelMigrations: createModelMigrations({ waybill, changes, scratch, dbUrl, folder, sampleRows, logger }),
    modelImports: createModelImports({ store: waybill.models, scratch, dbUrl }),
    data: createDataService(waybill, lookup),
    rowValidation: createRowValidation(waybill, lookup),
    telemetry: createTelemetry(waybill, url, recordLogs),
    door,
    async [Symbol.asyncDispose]() {
      await changes[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}
