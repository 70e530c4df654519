import {
  authenticationContextCreateSchema,
  authenticationContextFilterSchema,
  authenticationContextOutputSchema,
  authenticationContextSchema,
  transitionAuthenticationContext,
  type AuthenticationContextOutput,
  type AuthenticationContextRow,
  uuidSchema,
} from "@waybill/contracts";
import { randomUUID } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import type { EncryptionKeys } from "../secrets.ts";
import { rowsOf } from "./answer.ts";
import { endedSession } from "./ended-session.ts";
import { nextState, parseInput } from "./input.ts";
import { type Page, readPage, type RowReader, rowReader } from "./page.ts";
import { openTokens, sealTokens, type Tokens } from "./session-tokens.ts";

export type SessionPage = Page<AuthenticationContextOutput>;

/** A session with its tokens in plain text, for calls to Supabase in its user's name. It is no output: never answer with it. */
export interface OpenSession {
  readonly session: AuthenticationContextOutput;
  readonly tokens: Tokens;
}

/** The sessions (data-model.md §3). Tokens are encrypted on their way in; what is listed or read has no field for them. */
export interface SessionStore {
  /** Login. `tokenHash`: SHA-256 of the opaque session token, in lower-case hex. */
  create(
    session: z.input<typeof authenticationContextCreateSchema>,
    tokenHash: string,
  ): Promise<AuthenticationContextOutput>;
  /** The session of an opaque token, active or not; null when there is none. */
  findByTokenHash(tokenHash: string): Promise<OpenSession | null>;
  /** A session with its tokens, active or not. Throws `NOT_FOUND`. */
  open(sessionId: string): Promise<OpenSession>;
  /** Logout. Throws `ILLEGAL_TRANSITION` for a session that has ended already. */
  end(session: AuthenticationContextOutput): Promise<AuthenticationContextOutput>;
  /** Ends all sessions of a user that have not ended, but for one where it is named; tells which. */
  endAll(userId: string, butNot?: string): Promise<readonly string[]>;
  /** Ends a session that was idle for too long. False when it was used or refreshed since it was read, or is gone. */
  endIdle(session: AuthenticationContextOutput): Promise<boolean>;
  /** What the rows of these say now, not tracked; one that is gone has none. */
  statesOf(sessionIds: readonly string[]): Promise<SessionState[]>;
  /** Throws `NOT_FOUND` for one that is not there, or that the caller may not see. */
  get(sessionId: string, caller?: SupabaseClient<Database>): Promise<AuthenticationContextOutput>;
  /** Those of one user, in the order of session_id; a caller's client sees its own only. */
  listOfUser(
    userId: string,
    filter?: Omit<z.input<typeof authenticationContextFilterSchema>, "user_id">,
    caller?: SupabaseClient<Database>,
  ): Promise<SessionPage>;
}

export interface SessionStoreOptions {
  readonly service: SupabaseClient<Database>;
  /** The same rights, but its calls leave no record: for looks at the state of many. */
  readonly untracked: SupabaseClient<Database>;
  readonly keys: EncryptionKeys;
  /** That of the project. */
  readonly readRows?: RowReader;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
}

const columns = Object.keys(authenticationContextOutputSchema.shape).join(",");
const stateSchema = authenticationContextOutputSchema.pick({
  session_id: true,
  is_active: true,
  expires_at: true,
  last_activity: true,
});
export type SessionState = z.output<typeof stateSchema>;

export function createSessionStore({
  service,
  untracked,
  keys,
  readRows = rowReader(),
  clock = Date.now,
}: SessionStoreOptions): SessionStore {
  // Permissions are readonly JSON, which the generated types do not know; rows are typed by their contract.
  const database: SupabaseClient = service;
  const now = () => new Date(clock()).toISOString();
  const opened = (row: AuthenticationContextRow): OpenSession => ({
    session: authenticationContextOutputSchema.parse(row),
    tokens: openTokens(keys, row),
  });

  return {
    async create(input, tokenHash) {
      const { access_token, refresh_token, ...rest } = parseInput(
        "The session",
        authenticationContextCreateSchema,
        input,
      );
      const at = now();
      const { expires_at } = rest;
      const state = nextState(transitionAuthenticationContext(null, { type: "login", at, expires_at }));
      const session_id = randomUUID();
      const sealed = sealTokens(keys, session_id, { access_token, refresh_token });
      const row = { ...rest, ...state, ...sealed, session_id, token_hash: tokenHash, created_at: at };
      const answer = await database.from("authentication_contexts").insert(row).select(columns);
      return only(rowsOf("Storing the session", authenticationContextOutputSchema, answer), notStored);
    },

    async findByTokenHash(tokenHash) {
      const answer = await database.from("authentication_contexts").select("*").eq("token_hash", tokenHash).limit(1);
      const [row] = rowsOf("Reading the session", authenticationContextSchema, answer);
      return row === undefined ? null : opened(row);
    },

    async open(sessionId) {
      const answer = await database.from("authentication_contexts").select("*").eq("session_id", sessionId).limit(1);
      return opened(only(rowsOf("Reading the session", authenticationContextSchema, answer), gone));
    },

    async end(session) {
      const answer = await service
        .from("authentication_contexts")
        .update(endedSession(session, now()))
        .eq("session_id", session.session_id)
        .select(columns);
      return only(rowsOf("Ending the session", authenticationContextOutputSchema, answer), gone);
    },

    async endAll(userId, butNot) {
      const which = { of_user: userId, ended_at: now(), ...(butNot === undefined ? {} : { but_not: butNot }) };
      return rowsOf("Ending the sessions", uuidSchema, await database.rpc("end_sessions", which));
    },

    async endIdle(session) {
      const answer = await service
        .from("authentication_contexts")
        .update(endedSession(session, now()))
        .eq("session_id", session.session_id)
        .eq("last_activity", session.last_activity)
        .eq("expires_at", session.expires_at)
        .select(columns);
      return rowsOf("Ending the idle session", authenticationContextOutputSchema, answer).length > 0;
    },

    async statesOf(sessionIds) {
      const answer = await untracked
        .from("authentication_contexts")
        .select("session_id,is_active,expires_at,last_activity")
        .in("session_id", [...sessionIds]);
      return rowsOf("Looking at the sessions", stateSchema, answer);
    },

    async get(sessionId, caller) {
      const source = (caller ?? database).from("authentication_contexts").select(columns);
      const answer = await source.eq("session_id", sessionId).limit(1);
      return only(rowsOf("Reading the session", authenticationContextOutputSchema, answer), gone);
    },

    async listOfUser(userId, input, caller) {
      const wanted = { ...input, user_id: userId };
      const filter = parseInput("The filter of sessions", authenticationContextFilterSchema, wanted);
      const read = async (cursor: string | undefined, count: number) => {
        let query = (caller ?? database).from("authentication_contexts").select(columns).eq("user_id", userId);
        if (filter.is_active !== undefined) query = query.eq("is_active", filter.is_active);
        if (filter.expires_from !== undefined) query = query.gte("expires_at", filter.expires_from);
        if (filter.expires_before !== undefined) query = query.lt("expires_at", filter.expires_before);
        if (cursor !== undefined) query = query.gt("session_id", cursor);
        const answer = await query.order("session_id").limit(count);
        return rowsOf("Listing sessions", authenticationContextOutputSchema, answer);
      };
      return readPage(readRows, { ...filter, cursor: filter.cursor, cursorOf: (row) => row.session_id, read });
    },
  };
}

const gone = () => new WaybillDbError({ code: "NOT_FOUND", message: "There is no such session." });
const notStored = () => new WaybillDbError({ code: "INTERNAL", message: "The stored session was not given back." });

function only<Row>(rows: readonly Row[], otherwise: () => Error): Row {
  const [row] = rows;
  if (row === undefined) throw otherwise();
  return row;
}
