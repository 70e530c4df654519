import { responseTooLarge } from "../errors.ts";
import type { Answer } from "./light-response.ts";

/** Reads a platform Response to its last byte. Its headers lose what no longer holds once it is decoded. */
export async function readWhole(response: Response, maxBytes: number): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body !== null) {
    for await (const chunk of response.body) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw responseTooLarge(maxBytes);
      chunks.push(chunk);
    }
  }
  const { status, statusText } = response;
  return { status, statusText, headers: Object.fromEntries(response.headers), body: Buffer.concat(chunks, bytes) };
}
