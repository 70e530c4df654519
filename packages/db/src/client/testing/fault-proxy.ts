import { createServer, type Socket } from "node:net";
import { connect } from "node:tls";

/** What a connection meets instead of Supabase; `asked` resolves with its request, once that has come to its last byte. */
export type Fault = (socket: Socket, asked: Promise<Buffer>) => void | Promise<void>;

/** A proxy below HTTP: bytes in clear on the caller's side, TLS on Supabase's. One request a connection. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** What the next connections meet; they pass where it is undefined, and after `times` of them. */
  meet(fault: Fault | undefined, times?: number): void;
}

export async function faultProxy(upstream: { readonly url: string; readonly ca: string }): Promise<FaultProxy> {
  const { hostname, port } = new URL(upstream.url);
  const sockets = new Set<Socket>();
  let fault: Fault | undefined;
  let left = 0;

  const keep = (socket: Socket): Socket => {
    sockets.add(socket.on("error", () => {}));
    return socket.on("close", () => sockets.delete(socket));
  };
  const pass: Fault = async (socket, asked) => {
    const onward = keep(connect({ host: hostname, port: Number(port), ca: upstream.ca }));
    onward.write(await asked);
    onward.pipe(socket);
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const meets = fault !== undefined && left > 0 ? fault : pass;
    left -= 1;
    void meets(keep(socket), readRequest(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    meet(next, times = Number.POSITIVE_INFINITY) {
      fault = next;
      left = times;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One request, its body by length or in chunks; told upstream to be the last of its connection. */
function readRequest(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = bytes.toString("latin1", 0, end);
      const body = bytes.subarray(end + 4);
      const length = Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? 0);
      const whole = /^transfer-encoding: *chunked$/im.test(head)
        ? body.toString("latin1").endsWith("0\r\n\r\n")
        : body.length >= length;
      if (!whole) return;
      socket.off("data", read);
      const lines = head.split("\r\n").filter((line) => !/^connection:/i.test(line));
      resolve(Buffer.concat([Buffer.from(`${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`, "latin1"), body]));
    };
    socket.on("data", read);
  });
}
