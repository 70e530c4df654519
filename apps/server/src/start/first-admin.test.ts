import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { openStage, type Stage } from "../testing/stage.ts";
import { ensureFirstAdmin } from "./first-admin.ts";

const noteSchema = z.object({ email: z.string(), password: z.string(), user_id: z.string() });

let stage: Stage;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "waybill-first-admin-"));
  stage = await openStage();
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function ensured(): Promise<z.output<typeof noteSchema>> {
  const path = await ensureFirstAdmin(stage.services.waybill, directory);
  return noteSchema.parse(JSON.parse(await readFile(path, "utf8")));
}

it("makes the admin once, and anew where the file is damaged or its database is gone", async () => {
  const first = await ensured();
  expect(await ensured()).toEqual(first);

  await stage.services.waybill.service().auth.admin.deleteUser(first.user_id);
  const second = await ensured();
  expect(second.user_id).not.toBe(first.user_id);

  await writeFile(join(directory, "admin.json"), '{"email":');
  const third = await ensured();
  expect(third.user_id).toBe(second.user_id);
  const { email, password } = third;
  const { session } = await stage.client().sessions.login.mutate({ email, password });
  expect(session.user_id).toBe(third.user_id);
});
