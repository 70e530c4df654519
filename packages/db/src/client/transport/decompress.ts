import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { responseTooLarge } from "../errors.ts";
import type { Answer } from "./light-response.ts";

const decoders: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** How an answer's body is compressed; undefined for one that is not, which is most of them. */
export function codingOf({ headers, body }: Answer): string | undefined {
  return body.length === 0 ? undefined : headers["content-encoding"];
}

/** Nothing asks for compression, but a proxy in between may compress unasked, or a caller may have asked. */
export async function decompress(answer: Answer, coding: string, maxBytes: number): Promise<Answer> {
  const decoder = decoders[coding.trim().toLowerCase()];
  if (decoder === undefined) return answer;
  try {
    return { ...answer, body: await decoder(answer.body, { maxOutputLength: maxBytes }) };
  } catch (error) {
    if (error instanceof RangeError) throw responseTooLarge(maxBytes);
    throw new TypeError("fetch failed", { cause: error });
  }
}
