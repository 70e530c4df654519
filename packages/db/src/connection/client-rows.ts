import type { LookupFunction } from "node:net";
import { supabaseClientOutputSchema } from "@waybill/contracts";
import type { SupabaseClientRow, SupabaseClientState } from "@waybill/contracts";
import { z } from "zod";
import { Limit, openTransport } from "../client/index.ts";
import { isOutage, networkMessage, readErrorBody } from "../client/index.ts";

export interface ClientRowsOptions {
  readonly url: string;
  /** `sb_secret_…` or a legacy service_role key: nobody else writes `supabase_clients`. */
  readonly secretKey: string;
  readonly ca?: string | undefined;
  /** Finds the addresses of a host; the system's where none is given. */
  readonly lookup?: LookupFunction | undefined;
  /** For one request (default 10 s). */
  readonly requestTimeoutMs?: number | undefined;
}

/** The part of a row that is written once, when its process starts. The key is encrypted already. */
export type ClientIdentity = Pick<SupabaseClientRow, "client_id" | "supabase_url" | "supabase_key" | "client_type">;

/**
 * `supabase_clients` over the Data API, beside the tracked client: its writes are the ledger's own (decisions.md,
 * Tracking), and must go through when everything else is refused.
 */
export interface ClientRows {
  /** Null when there is no such row. */
  read(clientId: string): Promise<SupabaseClientState | null>;
  /** Makes the row, or takes over the one that was left; a person's deactivation stays. */
  register(identity: ClientIdentity, state: SupabaseClientState): Promise<void>;
  /**
   * False when the row is gone, or was taken out of use by a person meanwhile: then it stays as it is.
   *
   * @param overrule also over a person's deactivation, because it is a person again who asks
   */
  update(clientId: string, state: SupabaseClientState, overrule?: boolean): Promise<boolean>;
  /** Asks Supabase for next to nothing under a client's own key. Any answer but an outage is a sign of life. */
  probe(key: string): Promise<{ readonly alive: true } | { readonly alive: false; readonly message: string }>;
  close(): Promise<void>;
}

const stateSchema = z.array(
  supabaseClientOutputSchema.pick({
    connection_status: true,
    is_active: true,
    error_count: true,
    retry_count: true,
    last_used: true,
  }),
);
const idsSchema = z.array(z.object({ client_id: z.string() }));

const TABLE = "/rest/v1/supabase_clients";
const STATE_COLUMNS = "connection_status,is_active,error_count,retry_count,last_used";
/** An inactive row with both counters at 0 was put there by a person (contracts, supabaseClientPhase). */
const NOT_BY_A_PERSON = "or=(is_active.is.true,error_count.gt.0,retry_count.gt.0)";

export function openClientRows(options: ClientRowsOptions): ClientRows {
  const timeoutMs = options.requestTimeoutMs ?? 10_000;
  const prefix = new URL(options.url).pathname.replace(/\/+$/, "");
  // Few sockets of its own: a pool full of hanging calls must not keep the probe from finding out.
  const transport = openTransport({ ...options, connections: 4, maxPending: 100 });

  const send = async (method: string, query: string, key: string, body: unknown, prefer: string) => {
    const limit = new Limit(timeoutMs, timeoutMs, null);
    try {
      const headers = ["apikey", key, "authorization", `Bearer ${key}`, "x-client-info", "waybill-ledger"];
      if (body !== null) headers.push("content-type", "application/json", "prefer", prefer);
      const text = body === null ? null : JSON.stringify(body);
      return await transport.exchange({ method, path: `${prefix}${TABLE}?${query}`, headers, body: text }, limit);
    } finally {
      limit.release();
    }
  };
  const asked = async (method: string, query: string, body: unknown = null, prefer = "return=minimal") => {
    const answer = await send(method, query, options.secretKey, body, prefer);
    const text = answer.body.toString("utf8");
    if (answer.status >= 200 && answer.status < 300) return text;
    throw new ClientRowsError(answer.status, text);
  };
  const changed = async (method: string, query: string, body: unknown, prefer = ""): Promise<boolean> => {
    const text = await asked(method, `${query}&select=client_id`, body, `${prefer}return=representation`);
    return idsSchema.parse(JSON.parse(text)).length > 0;
  };
  const sameRow = (clientId: string): string => `client_id=eq.${encodeURIComponent(clientId)}`;

  return {
    async read(clientId) {
      const text = await asked("GET", `${sameRow(clientId)}&select=${STATE_COLUMNS}`);
      return stateSchema.parse(JSON.parse(text))[0] ?? null;
    },
    async register(identity, state) {
      const row = { ...identity, ...state };
      if (await changed("POST", "on_conflict=client_id", row, "resolution=ignore-duplicates,")) return;
      await changed("PATCH", `${sameRow(identity.client_id)}&${NOT_BY_A_PERSON}`, row);
    },
    update: (clientId, state, overrule = false) =>
      changed("PATCH", sameRow(clientId) + (overrule ? "" : `&${NOT_BY_A_PERSON}`), state),
    async probe(key) {
      try {
        const { status, body } = await send("GET", "select=client_id&limit=1", key, null, "");
        const error = readErrorBody(body.toString("utf8"));
        return isOutage(status, error) ? { alive: false, message: `HTTP ${status}` } : { alive: true };
      } catch (error) {
        return { alive: false, message: networkMessage(error) };
      }
    },
    close: () => transport.close(),
  };
}

/** Supabase answered, but did not do it. */
export class ClientRowsError extends Error {
  /** Whether it could not, rather than would not. */
  readonly isOutage: boolean;

  constructor(status: number, text: string) {
    const body = readErrorBody(text);
    const { code, message } = body;
    super(`${code ?? `HTTP ${status}`}${message === null ? "" : `: ${message}`}. ${remedyFor(status, code)}`);
    this.name = "ClientRowsError";
    this.isOutage = isOutage(status, body);
  }
}

function remedyFor(status: number, code: string | null): string {
  if (status === 401 || status === 403) return "Check SUPABASE_SECRET_KEY: it must be a secret (service_role) key.";
  if (status === 404 || code === "PGRST205" || code === "42P01") {
    return "Apply Waybill's migrations to this project: supabase db push.";
  }
  return "It is tried again.";
}
