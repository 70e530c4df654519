import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plainEnvironment } from "./env.ts";
import { type RunningStart, runStart } from "./running-start.ts";

const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
let started: RunningStart;

beforeAll(async () => {
  started = await runStart();
}, 240_000);
afterAll(async () => {
  await started[Symbol.asyncDispose]();
});

/** The example below a heading of the README. */
function example(heading: string): string {
  const section = readme.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
  if (code === undefined) throw new Error(`The README has no TypeScript below "${heading}".`);
  return code;
}

/** Runs a program as a reader would, with the packages of this folder. Returns what it printed as JSON. */
async function run(program: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "--eval", program],
    {
      cwd: import.meta.dirname,
      timeout: 60_000,
      env: { ...plainEnvironment(), NODE_EXTRA_CA_CERTS: started.caFile },
    },
  );
  return JSON.parse(stdout);
}

test("the first call answers with airports", async () => {
  const code = example("A first call").replaceAll("http://127.0.0.1:8787", started.url);
  const rows = await run(code.replace("console.log(rows)", "console.log(JSON.stringify(rows))"));
  expect(rows).toHaveLength(5);
  expect(rows).toContainEqual({ iata: expect.any(String), city: expect.any(String) });
});

test("an app's own client is recorded with the three lines of the README", async () => {
  const { url, publishableKey, secretKey } = started.supabase;
  const given = Object.entries({ url, publishableKey, secretKey }).map(
    ([name, value]) => `const ${name} = ${JSON.stringify(value)};`,
  );
  const code = example("Record the calls").replace("./journal", join(started.directory, "journal"));
  const records = await run(`${given.join("\n")}\n${code}
    await supabase.from("airports").select("iata").limit(1);
    await tracked.flush();
    const ledger = createClient(url, secretKey);
    const { data } = await ledger.from("database_operations").select("operation_type, status")
      .eq("table_name", "airports").like("client_id", "%/anon").is("session_id", null);
    await tracked.close();
    console.log(JSON.stringify(data));`);
  expect(records).toContainEqual({ operation_type: "read", status: "error" });
});
