import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A TCP gate before a real Supabase, for the faults of a network: closed, it holds back what flows towards it. */
export interface Gate extends AsyncDisposable {
  readonly port: number;
  /** Holds back all that comes from now on. */
  close(): void;
  /** Lets through what was held back, and all that follows. */
  open(): void;
  /** Resolves once something is held back. */
  held(): Promise<void>;
}

export async function openGate(upstream: string, port = 0): Promise<Gate> {
  const { hostname, port: upstreamPort } = new URL(upstream);
  const sockets = new Set<Socket>();
  let closed = false;
  let holding = Promise.withResolvers<void>();
  const waiting: (() => void)[] = [];
  const server = createServer((client) => {
    const target = connect(Number(upstreamPort), hostname);
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("error", () => [client, target].forEach((end) => end.destroy()));
      socket.on("close", () => [client, target].forEach((end) => end.destroy()));
    }
    target.pipe(client);
    client.on("data", (chunk) => {
      if (!closed) {
        target.write(chunk);
        return;
      }
      waiting.push(() => target.write(chunk));
      holding.resolve();
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close() {
      closed = true;
      holding = Promise.withResolvers<void>();
    },
    open() {
      closed = false;
      for (const pass of waiting.splice(0)) pass();
    },
    held: () => holding.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
