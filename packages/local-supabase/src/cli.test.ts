import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { start } from "./start.ts";
import { projectOf, temporaryFolder } from "./testing/folders.ts";

function local(parameters: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "cli.ts"), ...parameters], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test("pnpm local says where everything is, tells no secret, and stops on Ctrl-C", async () => {
  const dataDir = join(await temporaryFolder(), "data");
  const child = local(["--data-dir", dataDir, "--port", "0", "--project", await projectOf({})]);
  const errors = text(child.stderr);
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.includes("Ctrl-C stops it")) break;
  }
  const environment = join(dataDir, "stack.env");
  expect(output).toMatch(/URL +https:\/\/127\.0\.0\.1:\d+/);
  expect(output).toContain(environment);
  expect((await stat(environment)).mode & 0o777).toBe(0o600);
  const values = [...(await readFile(environment, "utf8")).matchAll(/^(\w+)="(.+)"$/gm)];
  const valueOf = (name: string): string => values.find(([, found]) => found === name)?.[2] ?? `no ${name}`;
  const password = new URL(valueOf("SUPABASE_DB_URL")).password;
  const secrets = [
    password,
    ...["SECRET_KEY", "PUBLISHABLE_KEY", "JWT_SECRET"].map((name) => valueOf(`SUPABASE_${name}`)),
  ];
  expect(secrets.filter((secret) => secret.length < 20 || output.includes(secret))).toEqual([]);
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(await errors).toBe("");
  await expect(stat(environment)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a failure after the start stops the stack and is told", async () => {
  const dataDir = join(await temporaryFolder(), "data");
  const project = await projectOf({});
  await (await start({ dataDir, project })).stop();
  await mkdir(join(dataDir, "stack.env"));
  const child = local(["--data-dir", dataDir, "--port", "0", "--project", project]);
  child.stdout.resume();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect([code, said]).toEqual([1, expect.stringContaining("stack.env")]);
  expect((await readdir(dataDir)).filter((name) => name.startsWith("stack.env"))).toEqual(["stack.env"]);
});

test.each([
  [["--port", "99999"], /whole number from 0 to 65535/],
  [["--engine", "mysql"], /Allowed choices are pglite, native/],
  [["--port", "0", "--data-dir", join(import.meta.dirname)], /^\S.* holds other files\. Choose an empty directory/],
])("what cannot be started gives one sentence: %j", async (parameters, sentence) => {
  const child = local(parameters);
  child.stdout.resume();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(code).toBe(1);
  expect(said).toMatch(sentence);
  expect(said.trim().split("\n")).toHaveLength(1);
});
