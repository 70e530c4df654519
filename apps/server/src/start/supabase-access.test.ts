import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { EnvError, readEnv } from "../env.ts";
import { projectEnv } from "../testing/stage.ts";
import { openSupabase } from "./supabase-access.ts";

let directory: string;
let settings: Record<string, string>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "waybill-access-"));
  settings = await projectEnv(directory, inject("stack"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it("trusts the certificates in WAYBILL_CA_FILE, and names it when there are none", async () => {
  const caFile = join(directory, "other.pem");
  const open = () => openSupabase(readEnv({ ...settings, WAYBILL_CA_FILE: caFile }));
  await expect(open()).rejects.toThrow(/^WAYBILL_CA_FILE cannot be read at .*other\.pem: give the path/);
  for (const text of ["not a pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    await writeFile(caFile, text);
    await expect(open()).rejects.toThrow(EnvError);
    await expect(open()).rejects.toThrow(/^WAYBILL_CA_FILE has no certificate in .*other\.pem: give the path/);
  }
  const { ca } = inject("stack");
  await writeFile(caFile, `${ca}\n${ca}`);
  expect((await open()).ca).toContain(ca);
});
