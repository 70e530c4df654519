import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Agent, fetch, FormData } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { fileStorage } from "./files.ts";
import { sharedProject } from "../testing/project.ts";
import { temporaryFolder } from "../testing/folders.ts";

function agentFor(ca: string): Agent {
  const agent = new Agent({ connect: { ca } });
  onTestFinished(() => agent.destroy());
  return agent;
}

test("supabase-js uploads, lists, reads, replaces, moves and removes an object", async () => {
  await using project = await sharedProject("");
  const { storage } = project.service;
  expect((await storage.createBucket("papers", { public: false })).error).toBeNull();
  const papers = storage.from("papers");
  const upload = await papers.upload("2026/a b.txt", Buffer.from("first"), { contentType: "text/plain" });
  expect(upload.error).toBeNull();
  expect((await papers.upload("2026/a b.txt", Buffer.from("again"))).error).toMatchObject({ statusCode: "409" });
  const replaced = await papers.upload("2026/a b.txt", Buffer.from("second"), {
    contentType: "text/plain",
    upsert: true,
  });
  expect(replaced.error).toBeNull();
  // As a browser does it: a form. (The platform's FormData is not the one of the client's fetch.)
  const form = new FormData();
  form.set("cacheControl", "3600");
  form.set("", new Blob(["in a form"], { type: "text/csv" }));
  const sent = await fetch(`${project.stack.url}/storage/v1/object/papers/form.csv`, {
    method: "POST",
    headers: { apikey: project.stack.secretKey },
    body: form,
    dispatcher: agentFor(project.stack.ca),
  });
  expect(await sent.json()).toMatchObject({ Key: "papers/form.csv" });
  const fromForm = (await papers.download("form.csv")).data;
  expect([await fromForm?.text(), fromForm?.type]).toEqual(["in a form", "text/csv"]);
  const { data } = await papers.download("2026/a b.txt");
  expect(await data?.text()).toBe("second");
  expect(data?.type).toBe("text/plain");
  // lite names an object by its whole key, where hosted Storage leaves the folder out.
  expect((await papers.list("2026")).data?.map(({ name }) => name)).toEqual(["2026/a b.txt"]);
  expect((await papers.move("2026/a b.txt", "b.txt")).error).toBeNull();
  expect(await (await papers.download("b.txt")).data?.text()).toBe("second");
  const signed = await papers.createSignedUrl("b.txt", 60);
  expect(signed.error).toBeNull();
  expect((await papers.remove(["b.txt"])).error).toBeNull();
  expect((await papers.download("b.txt")).error).not.toBeNull();
  expect((await project.anonymous().storage.from("papers").upload("x", Buffer.from("x"))).error).not.toBeNull();
});

test("a NUL, which Postgres cannot hold, is the caller's fault", async () => {
  await using project = await sharedProject("");
  const { error } = await project.service.storage.createBucket("nul\0", { public: false });
  expect(error).toMatchObject({ statusCode: "400", message: expect.stringContaining("0x00") });
});

test("no key leads out of the directory, and nobody else may read the files", async () => {
  const directory = await temporaryFolder();
  const storage = fileStorage(directory);
  const keys = ["../../outside", "a", "a/b", "/etc/passwd", "C:\\x", "é\u0000"];
  for (const key of keys) await storage.uploadObject("bucket", key, undefined, Buffer.from(key), "text/plain", "");
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files).toHaveLength(keys.length);
  for (const file of files) expect((await stat(join(file.parentPath, file.name))).mode & 0o777).toBe(0o600);
  for (const key of keys) {
    const { body } = await storage.getObject("bucket", key, undefined);
    expect(body).toEqual(Buffer.from(key));
  }
  await expect(storage.getObject("other bucket", "a", undefined)).rejects.toMatchObject({ code: "ENOENT" });
});

test("part of an object, and nothing of one that has not changed", async () => {
  const storage = fileStorage(await temporaryFolder());
  const { eTag } = await storage.uploadObject("b", "k", undefined, Buffer.from("0123456789"), "text/plain", "no-cache");
  const part = await storage.getObject("b", "k", undefined, { range: "bytes=2-4" });
  expect(part).toMatchObject({ httpStatusCode: 206, metadata: { contentRange: "bytes 2-4/10", contentLength: 3 } });
  expect(part.body).toEqual(Buffer.from("234"));
  const end = await storage.getObject("b", "k", undefined, { range: "bytes=8-" });
  expect(end.metadata.contentRange).toBe("bytes 8-9/10");
  const unchanged = await storage.getObject("b", "k", undefined, { ifNoneMatch: eTag });
  expect(unchanged).toMatchObject({ httpStatusCode: 304 });
  expect(unchanged.body).toBeUndefined();
});
