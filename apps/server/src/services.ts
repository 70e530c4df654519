import type { Waybill } from "@waybill/db";
import type { FetchImplementation } from "jose";
import type { Logger } from "pino";
import { createDataService, type DataService } from "./features/data/service.ts";
import { createModelLookup } from "./features/models/model-lookup.ts";
import { createModelService, type ModelService } from "./features/models/service.ts";
import { tokenVerifier } from "./features/sessions/access-token.ts";
import { askAuth } from "./features/sessions/ask-auth.ts";
import { callerResolver, type CallerResolver } from "./features/sessions/caller.ts";
import { createOpenSessions, type OpenSessions } from "./features/sessions/open-sessions.ts";
import { createOwnSessions, type OwnSessions } from "./features/sessions/own-sessions.ts";
import { createSessionService, type SessionService } from "./features/sessions/service.ts";
import type { RecordLogs } from "./telemetry/record-logs/record-logs.ts";
import { createTelemetry, type Telemetry } from "./telemetry/telemetry.ts";

/** What procedures work with: made once, shared by all requests. */
export interface Services {
  readonly waybill: Waybill;
  readonly openSessions: OpenSessions;
  readonly callerOf: CallerResolver;
  readonly sessions: SessionService;
  readonly ownSessions: OwnSessions;
  readonly models: ModelService;
  readonly data: DataService;
  readonly telemetry: Telemetry;
}

export interface ServicesOptions {
  readonly waybill: Waybill;
  /** The Supabase project's URL. */
  readonly url: string;
  readonly jwtSecret: string | undefined;
  /** Fetches the project's public keys: nothing else goes this way. */
  readonly fetchKeys: FetchImplementation;
  readonly logger: Logger;
  readonly recordLogs?: RecordLogs | undefined;
}

export function createServices({ waybill, url, jwtSecret, fetchKeys, logger, recordLogs }: ServicesOptions): Services {
  const openSessions = createOpenSessions(waybill.sessions, logger);
  const verify = tokenVerifier({ url, jwtSecret, fetch: fetchKeys, askAuth: askAuth(waybill) });
  const lookup = createModelLookup(waybill.models);
  return {
    waybill,
    openSessions,
    callerOf: callerResolver(openSessions, verify),
    sessions: createSessionService(waybill, openSessions),
    ownSessions: createOwnSessions(waybill, openSessions),
    models: createModelService(waybill.models, lookup),
    data: createDataService(waybill, lookup),
    telemetry: createTelemetry(waybill, url, recordLogs),
  };
}
