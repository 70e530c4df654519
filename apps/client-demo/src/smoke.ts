import { Command, InvalidArgumentError } from "commander";
import { readDatasets } from "./data/datasets.ts";
import { readAdminPassword } from "./env.ts";
import { openReport } from "./smoke/report.ts";
import { runSmoke, runSmokeAt } from "./smoke/run-smoke.ts";
import { stepTable } from "./terminal/step-table.ts";

const { url, adminEmail } = new Command("smoke")
  .description("The whole way once: models, import, queries, changes, refusals, and a record of every call.")
  .option("--url <url>", "a running server, instead of one of its own", asUrl)
  .option("--admin-email <email>", "with --url: its admin; the password comes from WAYBILL_ADMIN_PASSWORD")
  .parse()
  .opts<{ url?: string; adminEmail?: string }>();

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort());

const report = openReport({
  signal: interruption.signal,
  onResult: ({ name, outcome, ms }) => process.stdout.write(`${name}: ${outcome} (${(ms / 1000).toFixed(1)} s)\n`),
});
try {
  await run();
} catch (error) {
  // a failed step stands in the table with its reason
  if (!report.results.some(({ outcome }) => outcome === "failed"))
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
if (report.results.length > 0) process.stdout.write(`\n${stepTable(report.results, process.stdout.columns)}\n`);

async function run(): Promise<void> {
  const options = { datasets: await readDatasets(), batch: 250 };
  if (url === undefined) return runSmoke(options, report);
  const password = readAdminPassword();
  if (adminEmail === undefined || password === undefined) {
    throw new Error(
      "--url needs an admin of that server: give --admin-email, and the password in WAYBILL_ADMIN_PASSWORD",
    );
  }
  return runSmokeAt(url, { email: adminEmail, password }, options, report);
}

function asUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("It must be a URL such as http://127.0.0.1:8787.");
}
