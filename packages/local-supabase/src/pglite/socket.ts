import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { messageOf } from "../errors.ts";
import type { PgliteDriver } from "../lite.ts";
import type { SessionLock } from "../lite-walls/session/lock.ts";
import { SharedSession } from "./session.ts";
import { SocketReader } from "./socket-reader.ts";
import * as wire from "./wire-protocol.ts";

export interface DatabaseSocketOptions {
  readonly driver: PgliteDriver;
  /** The same lock that requests take: PGlite has one session for all. */
  readonly lock: SessionLock;
  readonly password: string;
  /** How long a client may leave a transaction open and say nothing, before it is rolled back. */
  readonly idleInTransactionMs: number;
  readonly maxConnections: number;
  /** While the disk is almost full, clients may only read. */
  readonly lowOnSpace: () => boolean;
}

export interface DatabaseSocket {
  readonly port: number;
  close(): Promise<void>;
}

const signInDeadlineMs = 10_000;

/** Serves PGlite's one session over PostgreSQL's protocol on 127.0.0.1, as a transaction pooler does. */
export async function listenDatabase(options: DatabaseSocketOptions): Promise<DatabaseSocket> {
  const sockets = new Set<Socket>();
  const serving = new Set<Promise<void>>();
  const parameters = await readServerParameters(options.driver);
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const served = serve(socket, options, parameters).catch((error: unknown) => {
      if (socket.writable) socket.end(wire.fatal("08P01", messageOf(error)));
    });
    serving.add(served);
    void served.finally(() => {
      serving.delete(served);
      sockets.delete(socket);
      socket.destroySoon();
    });
  });
  server.maxConnections = options.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(serving);
    },
  };
}

async function serve(socket: Socket, options: DatabaseSocketOptions, parameters: Buffer): Promise<void> {
  socket.on("error", () => {}); // the reading loop sees its end
  const incoming = new SocketReader(socket);
  const startup = await signIn(socket, incoming, options.password);
  if (!startup) return;
  socket.write(Buffer.concat([wire.authenticationOk(), parameters, wire.readyForQuery()]));
  await using session = new SharedSession(options, startup);
  for (;;) {
    const deadline = session.holding ? options.idleInTransactionMs : undefined;
    const batch = await incoming.batch(deadline);
    if (batch === "late") {
      socket.end(
        wire.fatal(
          "25P03",
          "terminating connection: the transaction was idle for too long and holds up everybody else",
        ),
      );
      return;
    }
    if (batch === "ended") return;
    const answer = await session.run(batch);
    if (!socket.write(answer))
      await once(socket, "drain", { signal: AbortSignal.timeout(options.idleInTransactionMs) });
  }
}

/** Undefined: the client left, or was refused. */
async function signIn(
  socket: Socket,
  incoming: SocketReader,
  password: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  for (;;) {
    const opening = await incoming.opening(signInDeadlineMs);
    if (opening === undefined || opening.kind === "other") return undefined;
    if (opening.kind === "encryption") {
      // Loopback only: nothing to encrypt against that could not read this process anyway.
      socket.write("N");
      continue;
    }
    socket.write(wire.askForPassword());
    const frame = await incoming.frame(signInDeadlineMs);
    if (typeof frame === "string") return undefined;
    if (frame.type === "p" && opening.parameters.get("user") === "postgres" && same(wire.passwordOf(frame), password)) {
      return opening.parameters;
    }
    socket.end(wire.fatal("28P01", "password authentication failed: use the whole dbUrl that the stack gave"));
    return undefined;
  }
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function readServerParameters(driver: PgliteDriver): Promise<Buffer> {
  const names = [
    "server_version",
    "server_encoding",
    "client_encoding",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "integer_datetimes",
    "standard_conforming_strings",
  ];
  const { rows } = await driver.query<{ name: string; value: string }>(
    "select name, current_setting(name) as value from unnest($1::text[]) as name",
    [names],
  );
  return Buffer.concat(rows.map(({ name, value }) => wire.parameterStatus(name, value)));
}
