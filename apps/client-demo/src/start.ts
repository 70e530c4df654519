import { join } from "node:path";
import { readDatasets } from "./data/datasets.ts";
import { readStartSettings } from "./env.ts";
import { runStart } from "./start/run-start.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());

process.exitCode = await runStart({
  settings: readStartSettings(join(import.meta.dirname, "../../../.waybill")),
  readDatasets,
  signal: stopping.signal,
  say: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
});
