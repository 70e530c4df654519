import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { airportsModel } from "@waybill/contracts/demo-models";
import { openStage, projectEnv, type Stage } from "../../testing/stage.ts";

const main = join(import.meta.dirname, "../../gen-models.ts");
let stage: Stage;
let directory: string;
beforeAll(async () => {
  stage = await openStage();
  directory = await mkdtemp(join(tmpdir(), "waybill-models-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  await stage[Symbol.asyncDispose]();
});

async function generate(file: string) {
  const env = await projectEnv(directory, inject("stack"));
  return promisify(execFile)(process.execPath, [main, file], { env, timeout: 60_000 });
}

it("writes every active model as a program can read it, and none that is deprecated", async () => {
  const admin = await stage.newAdmin();
  const made = [];
  for (const title of [`'"\${x}\`\\ </script> ä`, "plain"]) {
    const name = `gen_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
    const properties = { ...airportsModel.fields.properties, name: { type: "string", title } };
    const model = {
      ...airportsModel,
      model_name: name,
      table_name: name,
      fields: { ...airportsModel.fields, properties },
    };
    made.push(await admin.api.models.create.mutate(model));
  }
  const [kept, gone] = made;
  await admin.api.models.deprecate.mutate({ model_name: gone?.model_name ?? "" });
  const file = join(directory, "models.ts");
  const { stdout } = await generate(file);
  expect(stdout).toMatch(/^\d+ models are in /);
  const source = await readFile(file, "utf8");
  expect(source).toContain(`export const ${kept?.model_name}Model = defineModel({`);
  expect(source).not.toContain(gone?.model_name);
  // as a program would see it
  const values = source.replace(/^import .*$/m, "const defineModel = (model) => model;");
  const read: unknown = await import(`data:text/javascript,${encodeURIComponent(values)}`);
  const {
    model_id: _,
    applied_version: ______,
    is_active: __,
    created_at: ___,
    updated_at: ____,
    created_by: _____,
    ...definition
  } = kept ?? {};
  expect(read).toMatchObject({ [`${kept?.model_name}Model`]: definition });
  expect((await readdir(directory)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

it("says what is wrong where the file cannot be written", async () => {
  await expect(generate(join(directory, "nowhere", "models.ts"))).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/cannot be written .* Name a file in a folder that exists/),
  });
});
