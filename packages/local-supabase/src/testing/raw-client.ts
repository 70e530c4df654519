import { once } from "node:events";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { SocketReader } from "../pglite/socket-reader.ts";

/** A client that says just what the test wants it to say, where a driver would mend or hide it. */
export async function rawClient(port: number, password: string) {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  const reader = new SocketReader(socket);
  const parameters = Buffer.from("user\0postgres\0\0");
  const startup = Buffer.alloc(8);
  startup.writeInt32BE(8 + parameters.length);
  startup.writeInt32BE(196_608, 4);
  socket.write(Buffer.concat([startup, parameters]));
  socket.write(letter("p", `${password}\0`));

  /** Letters of the messages up to ReadyForQuery, and the codes of errors among them. */
  const answer = async (): Promise<string> => {
    const seen: string[] = [];
    for (;;) {
      const frame = await reader.frame(15_000);
      if (typeof frame === "string") return [...seen, frame].join(" ");
      const code = frame.type === "E" ? /\0C(\w{5})/.exec(frame.bytes.toString("latin1"))?.[1] : undefined;
      seen.push(code ?? frame.type);
      if (frame.type === "Z") return seen.join(" ");
    }
  };
  await answer();
  return {
    answer,
    query: (sql: string): Promise<string> => {
      socket.write(letter("Q", `${sql}\0`));
      return answer();
    },
    leave: () => void socket.destroy(),
  };
}

function letter(type: string, text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
