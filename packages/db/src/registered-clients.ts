import type { SupabaseClient } from "@supabase/supabase-js";
import {
  type supabaseClientCreateSchema,
  supabaseClientCreateSchemaWith,
  type SupabaseClientOutput,
  type SupabaseClientState,
  transitionSupabaseClient,
} from "@waybill/contracts";
import type { z } from "zod";
import { createSharedClient, createTrackedClient } from "./client/index.ts";
import { WaybillDbError } from "./errors.ts";
import type { Gateway } from "./gateway.ts";
import { decryptSecret, encryptSecret, keyPlace } from "./secrets.ts";
import type { SideClient } from "./side-clients.ts";
import type { ClientRowStore } from "./stores/client-rows.ts";
import { nextState, parseInput } from "./stores/input.ts";

/** The clients that people add, take out of use and remove (data-model.md §1). */
export interface RegisteredClients {
  /**
   * Stores a client, its key encrypted, and runs it in this process. Throws `VALIDATION_FAILED` for a host that is
   * private, link-local or loopback, literally or by its addresses, and not among `allowedHosts`; `UNIQUE_VIOLATION`;
   * `CONFLICT` where this process runs as many as it can.
   */
  register(client: z.input<typeof supabaseClientCreateSchema>): Promise<SupabaseClientOutput>;
  /**
   * Takes a client out of use until a person reconnects it; another process that runs it notices at its next write.
   * Throws `NOT_FOUND`, `ILLEGAL_TRANSITION`, and `CONFLICT` for this process' own service client.
   */
  deactivate(clientId: string): Promise<SupabaseClientOutput>;
  /** One question now. Opens a registered client that no process runs. False where Supabase does not answer. */
  reconnect(clientId: string): Promise<boolean>;
  /**
   * Removes a client and its operations, and ends its calls in this process. Another process that runs it notices at its
   * next write. Throws `NOT_FOUND`, and `CONFLICT` for one that another process uses, or this one's own.
   */
  remove(clientId: string): Promise<void>;
}

/** How long a client that is opened waits for its row before it is asked for. */
const OPENED_MS = 10_000;

export function createRegisteredClients(
  gateway: Gateway,
  rows: ClientRowStore,
  allowHttpLoopback = false,
): RegisteredClients & { readonly open: (clientId: string) => Promise<SideClient> } {
  const { sides, guard, keys } = gateway;
  const schema = supabaseClientCreateSchemaWith({ allowHttpLoopback });
  const isHome = (clientId: string): boolean => clientId.slice(0, clientId.lastIndexOf("/")) === gateway.instance;
  const homeConnection = (clientId: string) =>
    [gateway.service, gateway.anon()].find((connection) => connection?.clientId === clientId);

  const checkHost = async (url: string): Promise<void> => {
    const reason = await guard.refuses(url).catch(() => "its host has no address");
    if (reason === null) return;
    const message = `${reason}; an operator can allow an inner host by its name in WAYBILL_ALLOWED_HOSTS`;
    const issues = [{ field: "supabase_url", rule: "public_host", message }];
    throw new WaybillDbError({ code: "VALIDATION_FAILED", message: `supabase_url: ${message}`, issues });
  };
  const open = async (clientId: string): Promise<SideClient> => {
    const there = sides.get(clientId);
    if (there !== undefined) return there;
    const { supabase_url: url, supabase_key, client_type } = await rows.read(clientId);
    // what was allowed when it was registered may be so no more
    await checkHost(url);
    return sides.open({
      client_id: clientId,
      client_type,
      url,
      key: decryptSecret(keys, supabase_key, keyPlace(clientId)),
    });
  };

  return {
    open,
    async register(input) {
      const client = parseInput("The client", schema, input);
      const { client_id, supabase_url: url, supabase_key: key, client_type } = client;
      if (isHome(client_id))
        throw conflict(`${client_id} is this process' own`, "Choose another name before the slash.");
      await checkHost(url);
      sides.checkRoom();
      const state = nextState(transitionSupabaseClient(null, { type: "initialized" }));
      const row = await rows.insert({
        ...client,
        ...state,
        supabase_key: encryptSecret(keys, key, keyPlace(client_id)),
      });
      // one of that name that was removed by another process, which this one has not noticed
      await sides.close(client_id);
      sides.open({ client_id, client_type, url, key });
      return row;
    },

    async deactivate(clientId) {
      if (clientId === gateway.service.clientId) {
        throw conflict(`${clientId} is what this process itself works with`, "Stop the process instead.");
      }
      const state = nextState(transitionSupabaseClient(await rows.read(clientId), { type: "deactivated" }));
      (homeConnection(clientId) ?? sides.get(clientId)?.connection)?.deactivate();
      return await rows.setState(clientId, stateOf(state));
    },

    async reconnect(clientId) {
      const running = homeConnection(clientId) ?? sides.get(clientId)?.connection;
      if (running !== undefined) return await running.reconnect();
      if ((await rows.read(clientId)).is_active) {
        throw new WaybillDbError({
          code: "NOT_FOUND",
          message: "This process does not run that client, and another one does.",
          hint: "Ask the instance that runs it, or wait until it is marked as disconnected.",
        });
      }
      const { connection } = await open(clientId);
      await within(connection.registered, OPENED_MS);
      return connection.health().is_active || (await connection.reconnect());
    },

    async remove(clientId) {
      if (isHome(clientId))
        throw conflict(`${clientId} is this process' own`, "Stop the process, and remove it from another one.");
      await sides.close(clientId);
      if (await rows.removeIdle(clientId)) return;
      await rows.read(clientId);
      throw conflict(`${clientId} is in use`, "Deactivate it first.");
    },
  };
}

/** supabase-js over a registered client, or under a user's policies there. */
export function sideSupabase({ identity: { url, key }, fetch }: SideClient, accessToken?: string): SupabaseClient {
  return accessToken === undefined
    ? createSharedClient({ url, key, fetch })
    : createTrackedClient({ url, key, fetch, accessToken });
}

/** Of a row that went through the table of states, only what events change. */
function stateOf({
  connection_status,
  is_active,
  error_count,
  retry_count,
  last_used,
}: SupabaseClientState): SupabaseClientState {
  return { connection_status, is_active, error_count, retry_count, last_used };
}

async function within(work: Promise<void>, deadlineMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, deadlineMs);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

function conflict(what: string, hint: string): WaybillDbError {
  return new WaybillDbError({ code: "CONFLICT", message: `${what}.`, hint });
}
