import { createWaybillClient, type WaybillClient } from "@waybill/client";
import { watchFetch } from "./watch-fetch.ts";

/** Somebody who calls Waybill; every HTTP request of theirs has an id of its own, so their records can be told apart. */
export interface Caller {
  readonly name: string;
  readonly api: WaybillClient;
  /** Supabase's id of the user; undefined until signed in. */
  userId: string | undefined;
  /** The session token, to go on with after a restart of the server. */
  readonly sessionToken: () => string | undefined;
  /** Whether this caller made the request with this id. */
  readonly made: (requestId: string) => boolean;
  /** Request ids whose answer never came whole. */
  readonly unanswered: () => ReadonlySet<string>;
  /** The request ids that were answered last, newest at the end. */
  readonly lastAnswered: () => readonly string[];
}

export interface CallerOptions {
  readonly url: string;
  readonly name: string;
  readonly sessionToken?: string | undefined;
  readonly userId?: string | undefined;
}

/** `scene` keeps the request ids of one run apart from those of another on the same server. */
export function openCaller(scene: string, { url, name, sessionToken, userId }: CallerOptions): Caller {
  const prefix = `${scene}.${name}.`;
  const watched = watchFetch();
  let requests = 0;
  let token = sessionToken;
  const api = createWaybillClient({
    url,
    fetch: watched.fetch,
    requestId: () => `${prefix}${++requests}`,
    onSessionToken: (next) => {
      token = next;
    },
    ...(sessionToken === undefined ? {} : { sessionToken }),
  });
  return {
    name,
    api,
    userId,
    sessionToken: () => token,
    made: (requestId) => requestId.startsWith(prefix),
    unanswered: watched.unanswered,
    lastAnswered: watched.lastAnswered,
  };
}
