import { connect } from "node:net";

export interface RawAnswer {
  /** 0 when the connection was closed without a word. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are, as no client would let one; the answer is all that comes until the connection ends. */
export function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve) => {
    let said = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding("utf8");
    socket.on("data", (text) => (said += String(text)));
    // what is still under way when the server has refused it comes back as a reset
    socket.on("error", () => {});
    socket.on("close", () => {
      const end = said.indexOf("\r\n\r\n");
      const head = end === -1 ? said : said.slice(0, end);
      const rest = end === -1 ? "" : said.slice(end + 4);
      const body = /^transfer-encoding: chunked$/im.test(head) ? joined(rest) : rest;
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? 0), head, body });
    });
  });
}

/** A request's head, with `connection: close` so that the answer's end is told. */
export function headOf(line: string, headers: readonly string[]): string {
  return [line, "host: waybill.test", "connection: close", ...headers, "", ""].join("\r\n");
}

/** The text of chunks, for answers whose length was not known ahead. */
function joined(chunks: string): string {
  return chunks.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/gi, "").trimEnd();
}
