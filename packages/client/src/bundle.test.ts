import { join } from "node:path";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

/** 25.5 kB when measured, nearly all of it @trpc/client's links; 8.5 kB gzipped. */
const bytesAllowed = 28_000;

const { output } = await bundle();

async function bundle() {
  await using build = await rolldown({
    input: join(import.meta.dirname, "index.ts"),
    platform: "browser",
    logLevel: "silent",
  });
  return await build.generate({ format: "esm", minify: true });
}

test("a browser gets one file with nothing left to import", () => {
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
});

test("it holds tRPC's client and this package, nothing of the server", () => {
  const modules = Object.keys(output[0].modules).map((path) => path.replaceAll("\\", "/"));
  expect(modules.some((path) => path.endsWith("/packages/client/src/create-client.ts"))).toBe(true);
  const strangers = modules.filter(
    (path) => !/\/node_modules\/@trpc\/(client|server)\/|\/packages\/client\/src\//.test(path),
  );
  expect(strangers).toEqual([]);
});

test("it stays small", () => {
  expect(Buffer.byteLength(output[0].code)).toBeLessThan(bytesAllowed);
});
