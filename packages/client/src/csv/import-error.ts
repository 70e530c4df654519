import type { WaybillErrorData } from "../waybill-error.ts";

export interface ImportErrorOptions {
  /** What happened, naming the column where there is one. */
  readonly message: string;
  /** In which line of the file. */
  readonly line: number;
  /** How many rows stand. */
  readonly imported: number;
  /** The line behind the last row that stands. */
  readonly from: number;
  /** Names the import; with it, one that goes on from there writes nothing twice. */
  readonly run: string;
  /** No answer came to the rows from `from` on: they may stand. */
  readonly inDoubt?: boolean;
  readonly cause?: unknown;
  /** What the server said, if it refused a row. */
  readonly refusal?: WaybillErrorData | undefined;
}

/** An import that stopped: what is before `from` is imported; what begins there is not, or is `inDoubt`. */
export class CsvImportError extends Error {
  override readonly name = "CsvImportError";
  readonly line: number;
  readonly imported: number;
  readonly from: number;
  readonly run: string;
  readonly inDoubt: boolean;
  readonly refusal: WaybillErrorData | undefined;

  constructor({ message, line, imported, from, run, inDoubt = false, cause, refusal }: ImportErrorOptions) {
    const standing = imported === 0 ? "Nothing was imported" : `${imported} rows are imported`;
    const before = imported === 0 ? "" : `${standing}, and `;
    const next = inDoubt
      ? `${before}whether the rows from line ${from} on stand is unknown; import the same again with { from: ${from}, run: "${run}" }, which writes none twice`
      : `${standing}; correct it and import again with { from: ${from} }`;
    super(`Line ${line}: ${message}. ${next}.`, { cause });
    this.line = line;
    this.imported = imported;
    this.from = from;
    this.run = run;
    this.inDoubt = inDoubt;
    this.refusal = refusal;
  }
}
