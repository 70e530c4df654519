import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import type * as Entry from "./index.ts";
import { startStubServer } from "./stub-server.ts";

/** 25.5 kB when measured, nearly all of it @trpc/client's links; 8.5 kB gzipped. */
const bytesAllowed = 28_000;
/** 45 kB with subscriptions; 15 kB gzipped. */
const bytesOfAll = 48_000;

/** What Node has in common with every browser, as far as the client needs it. */
const ofBrowsers =
  "AbortController AbortSignal Blob DOMException Event EventTarget File FormData Headers MessageEvent ReadableStream Request Response TextDecoder " +
  "TextDecoderStream TransformStream URL URLSearchParams WritableStream clearTimeout fetch queueMicrotask setTimeout";

const entry = join(import.meta.dirname, "index.ts");
const { output } = await bundle(entry, { format: "esm" });

/** @param source code of an app that imports the client as "client"; else the client's own entry is bundled */
async function bundle(input: string, output: { format: "esm" | "iife"; name?: string }, source?: string) {
  const app = {
    name: "app",
    resolveId: (id: string) => (id === "app" ? id : id === "client" ? entry : null),
    load: (id: string) => (id === "app" ? source : null),
  };
  await using build = await rolldown({ input, platform: "browser", logLevel: "silent", plugins: [app] });
  return await build.generate({ ...output, minify: true });
}

test("a browser gets one file with nothing left to import", () => {
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
});

test("it holds tRPC's client, an EventSource and this package, nothing of the server", () => {
  const modules = Object.keys(output[0].modules).map((path) => path.replaceAll("\\", "/"));
  expect(modules.some((path) => path.endsWith("/packages/client/src/create-client.ts"))).toBe(true);
  const strangers = modules.filter(
    (path) => !/\/node_modules\/(@trpc\/(client|server)|eventsource(-parser)?)\/|\/packages\/client\/src\//.test(path),
  );
  expect(strangers).toEqual([]);
});

test("it stays small", () => {
  expect(Buffer.byteLength(output[0].code)).toBeLessThan(bytesOfAll);
});

test("an app that subscribes to nothing carries nothing of that", async () => {
  const source = `import { createWaybillClient } from "client"; globalThis.waybill = createWaybillClient({ url: "/" });`;
  const app = await bundle("app", { format: "esm" }, source);
  expect(Buffer.byteLength(app.output[0].code)).toBeLessThan(bytesAllowed);
  expect(Object.keys(app.output[0].modules).filter((path) => path.includes("/eventsource"))).toEqual([]);
});

test("an app that does not use it carries nothing of it", async () => {
  const unused = await bundle("app", { format: "esm" }, `import { createWaybillClient } from "client";`);
  expect(unused.output[0].code.trim()).toBe("");
});

test("it works with what a browser has alone: no process, no Buffer, no require", async () => {
  await using server = await startStubServer();
  const { output: script } = await bundle(entry, { format: "iife", name: "waybill" });
  const page = createContext(
    Object.fromEntries(ofBrowsers.split(" ").map((name) => [name, Reflect.get(globalThis, name)])),
  );
  const waybill: typeof Entry = runInContext(`${script[0].code}; waybill`, page);
  const client = waybill.createWaybillClient({ url: server.url });
  await client.sessions.login.mutate({ email: "ada@example.com", password: "correct horse" });
  expect(await Promise.all([client.system.health.query(), client.system.health.query()])).toEqual([
    { status: "ok" },
    { status: "ok" },
  ]);
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer wbs_login"]);
  const refused: unknown = await client.models.list.query({}).catch((error: unknown) => error);
  expect(waybill.waybillErrorOf(refused)).toMatchObject({ code: "NOT_FOUND" });
});
