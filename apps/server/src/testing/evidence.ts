import { appendFileSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";

/** What tests leave for the search at the end of the run: the secrets that they used, and all that was said. */
export type Evidence =
  | { readonly kind: "secret"; readonly what: string; readonly text: string }
  | { readonly kind: "said"; readonly where: string; readonly text: string };

function keep(evidence: Evidence): void {
  appendFileSync(join(inject("evidence"), `${process.pid}.ndjson`), `${JSON.stringify(evidence)}\n`);
}

/** A secret that a test uses: from here on it must stand nowhere. */
export function noteSecret(what: string, text: string): void {
  keep({ kind: "secret", what, text });
}

/** What a server said or wrote, whatever came of the test. */
export function noteSaid(where: string, text: string): void {
  if (text !== "") keep({ kind: "said", where, text });
}

/** The journals below a data directory, as they stand. */
export function noteJournals(directory: string): void {
  for (const file of globSync("**/*.{intents,rows,ndjson}", { cwd: directory })) {
    noteSaid(`journal ${file}`, textOf(join(directory, file)));
  }
}

/** A file goes when it is flushed, also while it is looked for. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
