import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";

const MIB = 1024 * 1024;
const TOTAL = 384 * MIB;
const CHUNK = Buffer.alloc(MIB);

let received = 0;
const server = createServer((request, response) => {
  if (request.method === "GET") {
    void pour(response);
    return;
  }
  request.on("data", (chunk: Buffer) => (received += chunk.length));
  request.on("end", () => response.end('{"Id":"1","Key":"b/film.mp4"}'));
});
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

async function pour(response: ServerResponse): Promise<void> {
  for (let written = 0; written < TOTAL; written += CHUNK.length) {
    if (!response.write(CHUNK)) await once(response, "drain");
  }
  response.end();
}

const reportSchema = z.object({ downloaded: z.number(), sent: z.number(), grown: z.number(), failed: z.null() });

it("passes files on that are larger than what may be gathered, both ways, in a fraction of their size", async () => {
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const script = join(import.meta.dirname, "../testing/stream-script.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, `http://127.0.0.1:${port}`, String(TOTAL)], {
    timeout: 110_000,
  });
  const { downloaded, sent, grown } = reportSchema.parse(JSON.parse(stdout));
  expect({ downloaded, sent, received }).toEqual({ downloaded: TOTAL, sent: TOTAL, received: TOTAL });
  expect(grown).toBeLessThan(TOTAL / 2);
});
