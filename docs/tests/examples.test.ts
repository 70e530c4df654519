import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
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

test("a model is declared, filled, queried, changed and rolled back in ten lines", async () => {
  const code = example("A model from declaration to rollback");
  const [, walk = ""] = code.split(/(?=await waybill\.models\.create)/);
  expect(walk.trim().split("\n").slice(0, -1)).toHaveLength(10);
  const data = dirname(fileURLToPath(import.meta.resolve("vega-datasets")));
  const printed = await run(
    `${code
      .replaceAll("http://127.0.0.1:8787", started.url)
      .replace("../../.waybill/admin.json", started.adminFile)
      .replace("node_modules/vega-datasets/data", join(data, "../data"))
      .replace(/console\.log\((.*)\);\n$/, "")}
    const { schema_version, applied_version } = await waybill.models.get.query({ model_name: "flights" });
    const { count } = await waybill.data.count.query({ model: "flights" });
    const [first] = (await waybill.data.list.query({ model: "flights", limit: 1 })).rows;
    const statements = changed.up.map(({ sql }) => sql);
    console.log(JSON.stringify({ rows, statements, schema_version, applied_version, count, columns: Object.keys(first) }));`,
  );
  expect(printed).toEqual({
    rows: expect.arrayContaining([expect.objectContaining({ origin: "SFO", destination: "LAX", count: 13788 })]),
    statements: expect.arrayContaining([expect.stringMatching(/add column "note" text/i)]),
    schema_version: "1.1.0",
    applied_version: "1.0.0",
    count: 5366,
    columns: expect.not.arrayContaining(["note"]),
  });
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
