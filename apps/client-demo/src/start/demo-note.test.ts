import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readDemoNote, readFirstAdmin, writeDemoNote } from "./demo-note.ts";

const directory = await mkdtemp(join(tmpdir(), "waybill-demo-note-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

const account = { email: "demo@example.com", password: "correct horse battery" };
const note = { user: account, loaded_at: null };

test("what was written is read again, and nobody else may read it", async () => {
  const path = join(directory, "new", "demo.json");
  expect(await readDemoNote(path)).toBeNull();
  await writeDemoNote(path, note);
  await writeDemoNote(path, { ...note, loaded_at: "2026-11-22T10:00:00.000Z" });
  expect(await readDemoNote(path)).toEqual({ ...note, loaded_at: "2026-11-22T10:00:00.000Z" });
  expect((await stat(path)).mode & 0o077).toBe(0);
  expect(await readdir(join(directory, "new"))).toEqual(["demo.json"]);
});

test.each(["", "{", "[]", '{"user":{}}'])("a damaged note (%s) is said, with the way out", async (text) => {
  const path = join(directory, "damaged.json");
  await writeFile(path, text);
  await expect(readDemoNote(path)).rejects.toThrow(/damaged\.json cannot be used\. Remove it/);
});

test("the admin's file is read by what it must have; without it, the way out is said", async () => {
  const path = join(directory, "admin.json");
  await expect(readFirstAdmin(path)).rejects.toThrow(/admin\.json cannot be used\. Remove it/);
  await writeFile(path, JSON.stringify({ ...account, user_id: "u1" }));
  expect(await readFirstAdmin(path)).toEqual({ ...account, user_id: "u1" });
});
