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

/** Nothing asks for compression, but a proxy in between may compress unasked, or a caller may have asked. */
export async function decompress(answer: Answer, maxBytes: number): Promise<Answer> {
  const coding = answer.headers["content-encoding"];
  if (coding === undefined || answer.body.length === 0) return answer;
  const decoder = decoders[coding.trim().toLowerCase()];
  if (decoder === undefined) return answer;
  try {
    return { ...answer, body: await decoder(answer.body, { maxOutputLength: maxBytes }) };
  } catch (error) {
    if (error instanceof RangeError) throw responseTooLarge(maxBytes);
    throw new TypeError("fetch failed", { cause: error });
  }
}
