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
  readonly cause?: unknown;
  /** What the server said, if it refused a row. */
  readonly refusal?: WaybillErrorData | undefined;
}

/** An import that stopped: what is before `from` is imported, what begins there is not. */
export class CsvImportError extends Error {
  override readonly name = "CsvImportError";
  readonly line: number;
  readonly imported: number;
  readonly from: number;
  readonly refusal: WaybillErrorData | undefined;

  constructor({ message, line, imported, from, cause, refusal }: ImportErrorOptions) {
    const standing = imported === 0 ? "Nothing was imported" : `${imported} rows are imported`;
    super(`Line ${line}: ${message}. ${standing}; correct it and import again with { from: ${from} }.`, { cause });
    this.line = line;
    this.imported = imported;
    this.from = from;
    this.refusal = refusal;
  }
}
