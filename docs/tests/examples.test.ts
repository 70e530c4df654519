import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plainEnvironment } from "./env.ts";
import { type RunningStart, runStart } from "./running-start.ts";

const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
const modelsPage = await readFile(join(import.meta.dirname, "../models.md"), "utf8");
let started: RunningStart;

beforeAll(async () => {
  started = await runStart();
}, 240_000);
afterAll(async () => {
  await started[Symbol.asyncDispose]();
});

/** The example below a heading, by default of the README. */
function example(heading: string, page = readme): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
  if (code === undefined) throw new Error(`There is no TypeScript below "${heading}".`);
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

test("a form revalidates when its model gets a rule", async () => {
  const code = example("Changes reach who runs", modelsPage);
  const person = JSON.stringify({ email: "form@example.com", password: "correct horse" });
  const row = {
    iata: "ZZX",
    name: "South",
    city: "South",
    state: "AA",
    country: "Antarctica",
    latitude: -70,
    longitude: 0,
  };
  const [imports = "", form = ""] = code.split(/(?=^const waybill)/m);
  const told = await run(
    `${imports}
    import { readFile } from "node:fs/promises";
    const told = [];
    const show = (issues) => told.push(issues.map(({ field, rule, layer }) => [field, rule, layer].join(" ")).join());
    const until = async (isSo) => { while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20)); };
    ${form
      .replace(
        /await waybill.sessions.login.mutate\(.*\);/,
        `await waybill.sessions.signUp.mutate(${person});\nawait waybill.sessions.login.mutate(${person});`,
      )
      .replaceAll("http://127.0.0.1:8787", started.url)}
    soon(${JSON.stringify(row)});
    await until(() => rules !== undefined && told.length >= 3);
    const before = told.at(-1);
    const admin = createWaybillClient({ url: "${started.url}" });
    const { email, password } = JSON.parse(await readFile(${JSON.stringify(started.adminFile)}, "utf8"));
    await admin.sessions.login.mutate({ email, password });
    const { schema_version } = await admin.models.get.query({ model_name: "airports" });
    const rule = { name: "inhabited", expression: "latitude > -60.0", message: "must be where people live", fields: ["latitude"] };
    const changes = { schema_version: \`\${Number(schema_version.split(".")[0]) + 1}.0.0\`, validation_rules: [rule] };
    const { length } = told;
    await admin.models.update.mutate({ model_name: "airports", expected_version: schema_version, changes });
    const { fingerprint } = await admin.models.plan.mutate({ models: ["airports"] });
    await admin.models.migrate.mutate({ fingerprint });
    await until(() => told.length >= length + 2);
    closed.abort();
    soon.close();
    await watching;
    console.log(JSON.stringify({ before, byBrowser: told[length], byServer: told[length + 1] }));`,
  );
  const issue = "latitude inhabited rule";
  expect(told).toEqual({ before: "", byBrowser: issue, byServer: issue });
});
