import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";

// The question that CI asks of a registry, asked of one that answers as we say.

const audit = join(import.meta.dirname, "../../.ci/audit");
const advisory = (severity: string) => ({
  express: [
    {
      id: 1,
      url: "https://github.com/advisories/GHSA-made-upup-made",
      title: "made up",
      severity,
      vulnerable_versions: ">=0",
    },
  ],
});

/** How `.ci/audit` ends, and what it was asked about. */
async function ask(status: number, answer: object) {
  const asked: string[] = [];
  const registry = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(registry, "listening");
  const address = registry.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const { code, said } = await new Promise<{ code: unknown; said: string }>((resolve) => {
    execFile(audit, [`--registry=http://127.0.0.1:${port}/`], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, said: stdout + stderr }),
    );
  });
  registry.close();
  return { code, said, asked };
}

test.each(["high", "critical"])("a %s weakness of what runs in production fails CI, by name", async (severity) => {
  const { code, said, asked } = await ask(200, advisory(severity));
  expect(code).toBe(1);
  expect(said).toContain("express");
  expect(asked).toEqual(["POST /-/npm/v1/security/advisories/bulk"]);
});

test("a moderate one, and none, do not", async () => {
  expect((await ask(200, advisory("moderate"))).code).toBe(0);
  expect((await ask(200, {})).code).toBe(0);
});

test("a registry without such a question is said, and fails nothing", async () => {
  const { code, said } = await ask(405, {});
  expect(code).toBe(0);
  expect(said).toContain("responded with 405");
});
