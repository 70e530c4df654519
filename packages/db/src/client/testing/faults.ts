import type { Socket } from "node:net";
import type { Fault } from "./fault-proxy.ts";

const answer =
  (status: string, headers: string[], body: string): Fault =>
  async (socket, asked) => {
    await asked;
    const lines = [`HTTP/1.1 ${status}`, "content-type: application/json", ...headers, "connection: close", "", body];
    socket.end(lines.join("\r\n"));
  };

const error = (status: string, ...headers: string[]): Fault =>
  answer(status, ["content-length: 20", ...headers], '{"message":"faulty"}');

const begin = (socket: Socket, headers: string): void =>
  void socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}\r\n\r\n`);

/** What goes wrong between a client and Supabase once there is a connection, as bytes. */
export const faults = {
  /** In the middle of the TLS handshake, for a client that comes by https: later nobody can tell before from after. */
  resetBeforeSend: (socket: Socket) => void socket.once("data", () => socket.resetAndDestroy()),
  resetAfterSend: async (socket, asked) => {
    await asked;
    socket.resetAndDestroy();
  },
  hang: () => {},
  trickle: async (socket: Socket, asked: Promise<unknown>) => {
    await asked;
    begin(socket, "transfer-encoding: chunked");
    const timer = setInterval(() => socket.write("1\r\n[\r\n"), 20);
    socket.on("close", () => clearInterval(timer));
  },
  halfClose: async (socket, asked) => {
    await asked;
    socket.end();
  },
  internalError: error("500 Internal Server Error"),
  badGateway: error("502 Bad Gateway"),
  unavailable: error("503 Service Unavailable", "retry-after: 0"),
  tooMany: error("429 Too Many Requests", "retry-after: 0"),
  invalidJson: answer("200 OK", ["content-length: 6"], '[{"id"'),
  truncatedBody: async (socket, asked) => {
    await asked;
    begin(socket, "content-length: 1000");
    socket.end('[{"id":1}');
  },
  lengthTooShort: answer("200 OK", ["content-length: 6"], '[{"id":1}]'),
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
