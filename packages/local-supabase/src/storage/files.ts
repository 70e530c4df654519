import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { z } from "zod";
import type { StorageAdapter } from "../lite.ts";

const headerSchema = z.object({
  mimetype: z.string(),
  cacheControl: z.string(),
  eTag: z.string(),
  size: z.number(),
  lastModified: z.coerce.date(),
});
type Header = z.infer<typeof headerSchema>;
type Metadata = Awaited<ReturnType<StorageAdapter["headObject"]>>;
type Answer = Awaited<ReturnType<StorageAdapter["getObject"]>>;

/**
 * Keeps the bytes of Storage's objects below `directory`, one file an object: a line of JSON, then the bytes.
 * The file's name is a hash of bucket and key, so that no key, however it is written, leads out of the directory.
 */
export function fileStorage(directory: string): StorageAdapter {
  const pathOf = (bucket: string, key: string): string => {
    const name = createHash("sha256").update(`${bucket}\0${key}`).digest("hex");
    return join(directory, name.slice(0, 2), name);
  };

  async function read(bucket: string, key: string): Promise<{ header: Header; content: Buffer }> {
    const bytes = await readFile(pathOf(bucket, key));
    const end = bytes.indexOf("\n");
    const header = headerSchema.parse(JSON.parse(bytes.toString("utf8", 0, end)));
    return { header, content: bytes.subarray(end + 1) };
  }

  async function write(bucket: string, key: string, content: Uint8Array, mimetype: string, cacheControl: string) {
    const eTag = `"${createHash("md5").update(content).digest("hex")}"`;
    const header: Header = { mimetype, cacheControl, eTag, size: content.byteLength, lastModified: new Date() };
    const path = pathOf(bucket, key);
    const partial = `${path}.${randomUUID()}`;
    await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
    const file = await open(partial, "wx", 0o600);
    try {
      await file.writev([Buffer.from(`${JSON.stringify(header)}\n`), content]);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    return metadataOf(header);
  }

  const remove = (bucket: string, key: string): Promise<void> => rm(pathOf(bucket, key), { force: true });

  return {
    driver: undefined,
    getObject: async (bucket, key, _version, headers) => {
      const { header, content } = await read(bucket, key);
      return answer(header, content, headers);
    },
    uploadObject: async (bucket, key, _version, body, mimetype, cacheControl) =>
      write(bucket, key, body instanceof Uint8Array ? body : await readAll(body), mimetype, cacheControl),
    deleteObject: remove,
    deleteObjects: async (bucket, keys) => {
      for (const key of keys) await remove(bucket, key);
    },
    copyObject: async (bucket, key, _version, toBucket, toKey) => {
      const { header, content } = await read(bucket, key);
      const { eTag, lastModified } = await write(toBucket, toKey, content, header.mimetype, header.cacheControl);
      return { httpStatusCode: 200, eTag, ...(lastModified && { lastModified }) };
    },
    headObject: async (bucket, key) => metadataOf((await read(bucket, key)).header),
    privateAssetUrl: async (bucket, key) => `file://${pathOf(bucket, key)}`,
  };
}

const metadataOf = (header: Header): Metadata => ({ ...header, contentLength: header.size });

function answer(
  header: Header,
  content: Buffer,
  headers: { ifNoneMatch?: string; ifModifiedSince?: string; range?: string } = {},
): Answer {
  const metadata = metadataOf(header);
  const since = headers.ifModifiedSince === undefined ? Number.NaN : Date.parse(headers.ifModifiedSince);
  if (headers.ifNoneMatch === header.eTag || header.lastModified.getTime() <= since) {
    return { httpStatusCode: 304, metadata };
  }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
  if (from === undefined || Number(from) >= content.length) return { httpStatusCode: 200, metadata, body: content };
  const last = to === undefined || to === "" ? content.length - 1 : Math.min(Number(to), content.length - 1);
  const part = content.subarray(Number(from), last + 1);
  const contentRange = `bytes ${from}-${last}/${content.length}`;
  return { httpStatusCode: 206, metadata: { ...metadata, contentLength: part.length, contentRange }, body: part };
}

type Body = Exclude<Parameters<StorageAdapter["uploadObject"]>[3], Uint8Array>;

/** Storage's own limit on the size of an object holds before this. */
const readAll = (body: Body): Promise<Buffer> => buffer(body);
