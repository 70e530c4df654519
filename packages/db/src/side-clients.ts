import type { LookupFunction } from "node:net";
import { rootCertificates } from "node:tls";
import type { SupabaseClientRow } from "@waybill/contracts";
import { type CallError, createTrackedFetch, openTransport } from "./client/index.ts";
import type { TrackedFetch, TrackedFetchMeans } from "./client/index.ts";
import { openClientRows, openConnection } from "./connection/index.ts";
import type { ClientRows, Connection, ConnectionOptions } from "./connection/index.ts";
import { WaybillDbError } from "./errors.ts";

/** A client of another project, or another key's: its own sockets and row, records in the one ledger. */
export interface SideClient {
  readonly identity: SideIdentity;
  readonly connection: Connection;
  readonly fetch: TrackedFetch;
}

export type SideIdentity = Pick<SupabaseClientRow, "client_id" | "client_type"> & {
  readonly url: string;
  readonly key: string;
};

export interface SideClientsOptions {
  readonly means: TrackedFetchMeans;
  /** The project of the rows and of what `means.cache` keeps: who else writes there must not write past it. */
  readonly homeUrl: string;
  /** Where the rows are: in the home project. */
  readonly rows: ClientRows;
  readonly connection: Pick<ConnectionOptions, "log" | "encrypt">;
  /** Told when one is opened, and when this process has written its row. */
  readonly onRegistered: (clientId: string) => void;
  readonly ca: string | undefined;
  readonly lookup: LookupFunction;
  /** Why nothing may be sent any more; null while it may. */
  readonly closing: () => CallError | null;
}

/** The clients that run beside the gateway's own two. */
export interface SideClients {
  get(clientId: string): SideClient | undefined;
  connections(): Connection[];
  /** Throws `CONFLICT` where one more is beyond the limit, and what refuses calls at the end of the process. */
  checkRoom(): void;
  /** The client of that id, opened if it is not yet. Throws as {@link checkRoom}. */
  open(identity: SideIdentity): SideClient;
  /** Ends one: its calls first, then its row says that it stopped. */
  close(clientId: string): Promise<void>;
  /** Ends all calls, while their outcomes can be recorded. */
  closeWays(): Promise<void>;
  /** Signs all rows off. */
  closeRows(): Promise<void>;
}

/** Each holds sockets and a probe of its own. */
export const sideClientLimit = 100;

export function openSideClients(options: SideClientsOptions): SideClients {
  const running = new Map<string, SideClient & { closeWay(): Promise<void>; closeRow(): Promise<void> }>();
  // what is trusted besides the usual authorities for the home project is trusted besides them here
  const ca = options.ca === undefined ? undefined : [options.ca, ...rootCertificates].join("\n");

  const start = (identity: SideIdentity) => {
    const { client_id: clientId, client_type: clientType, url, key } = identity;
    const transport = openTransport({ url, ca, lookup: options.lookup });
    const theirs = openClientRows({ url, secretKey: key, ca, lookup: options.lookup });
    // its row is there since it was registered, and the ledger's flush would wait for good for one that is removed by now
    options.onRegistered(clientId);
    const connection = openConnection({
      ...options.connection,
      clientId,
      clientType,
      url,
      key,
      // the row is at home, the signs of life are asked for where the client's calls go
      rows: { ...options.rows, probe: (with_) => theirs.probe(with_) },
      rowIsElsewhere: true,
      onRegistered: () => options.onRegistered(clientId),
      onRemoved: () => void (running.get(clientId)?.connection === connection && close(clientId)),
    });
    const connectionOf = () => {
      const reason = options.closing();
      return reason === null ? connection : { ...connection, refusal: () => reason };
    };
    const cache = isSameProject(url, options.homeUrl) ? options.means.cache : undefined;
    const fetch = createTrackedFetch({ ...options.means, url, transport, connectionOf, joinRetries: false, cache });
    return {
      identity,
      connection,
      fetch,
      async closeWay() {
        fetch.endWaits();
        const reason = options.closing() ?? connection.refusal();
        if (reason !== null) connection.refuseWaiting(reason);
        await transport.close();
      },
      async closeRow() {
        await connection.close();
        await theirs.close();
      },
    };
  };

  const checkRoom = (): void => {
    const reason = options.closing();
    if (reason !== null) throw reason;
    if (running.size < sideClientLimit) return;
    throw new WaybillDbError({
      code: "CONFLICT",
      message: `${sideClientLimit} registered clients run in this process already.`,
      hint: "Remove one that is not needed, or register it in another process.",
    });
  };
  const close = async (clientId: string): Promise<void> => {
    const ending = running.get(clientId);
    if (ending === undefined) return;
    running.delete(clientId);
    await ending.closeWay();
    await ending.closeRow();
  };

  return {
    checkRoom,
    close,
    get: (clientId) => running.get(clientId),
    connections: () => [...running.values()].map(({ connection }) => connection),
    open(identity) {
      const there = running.get(identity.client_id);
      if (there !== undefined) return there;
      checkRoom();
      const started = start(identity);
      running.set(identity.client_id, started);
      return started;
    },
    async closeWays() {
      await Promise.all([...running.values()].map((client) => client.closeWay()));
    },
    async closeRows() {
      await Promise.all([...running.values()].map((client) => client.closeRow()));
      running.clear();
    },
  };
}

function isSameProject(one: string, other: string): boolean {
  const [a, b] = [one, other].map((url) => new URL(url).href.replace(/\/+$/, ""));
  return a === b;
}
