import { appendFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { operationIdOf } from "../row.ts";

const NAME = "rejected.ndjson";
const OLDER = "rejected.1.ndjson";

/**
 * Rows that the database refuses for good, one JSON object a line: `rejected_at`, `reason`, `operation_id`, and `row`
 * (an object) or `text` (when it is no JSON). Mode 0600. When it has grown to `limitBytes` it becomes
 * `rejected.1.ndjson`, in the place of the one before.
 */
export class RejectedFile {
  readonly path: string;
  readonly #older: string;
  readonly #limitBytes: number;

  constructor(journalDir: string, limitBytes: number) {
    this.path = join(journalDir, NAME);
    this.#older = join(journalDir, OLDER);
    this.#limitBytes = limitBytes;
  }

  append(row: Buffer, reason: string): void {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= this.#limitBytes) renameSync(this.path, this.#older);
    const head = {
      rejected_at: new Date().toISOString(),
      reason,
      operation_id: operationIdOf(row),
    };
    const text = row.toString("utf8");
    const line = JSON.stringify(isJson(text) ? { ...head, row: JSON.parse(text) } : { ...head, text });
    appendFileSync(this.path, `${line}\n`, { mode: 0o600 });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
