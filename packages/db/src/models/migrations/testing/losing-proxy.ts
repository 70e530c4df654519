import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface LosingProxy extends AsyncDisposable {
  readonly dbUrl: string;
  /** How many commits it has lost the answer of. */
  readonly lost: () => number;
}

/** Stands before a database, lets the first commits pass and their answers not: the connection breaks instead. */
export async function losingProxy(dbUrl: string, commits: number): Promise<LosingProxy> {
  const target = new URL(dbUrl);
  const { port, hostname } = target;
  const sockets = new Set<Socket>();
  let lost = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let losing = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (lost < commits && /^[QP].{4,5}commit/is.test(chunk.toString("latin1"))) losing = true;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!losing) return client.write(chunk);
      lost++;
      return client.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  target.hostname = "127.0.0.1";
  target.port = String(address.port);
  return {
    dbUrl: target.href,
    lost: () => lost,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
