import { type ImportOptions, importRows } from "../demo-data/import-rows.ts";
import { openProgress } from "../terminal/progress.ts";
import type { Report } from "./report.ts";

/** A machine that is busy otherwise takes some times the usual ten seconds. */
const deadlineMs = 180_000;

/** Imports a model's rows with a progress bar. */
export function importStep(report: Report, options: Omit<ImportOptions, "onImported">): Promise<void> {
  const { model, rows } = options;
  return report.step(
    `import ${model}`,
    async (note) => {
      const progress = openProgress(model, rows.length);
      try {
        await importRows({ ...options, onImported: (count) => progress.add(count) });
      } finally {
        progress.stop();
      }
      note(`${rows.length} rows by ${options.clients.length} users`);
    },
    deadlineMs,
  );
}
