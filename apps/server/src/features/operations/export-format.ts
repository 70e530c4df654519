import { type DatabaseOperationOutput, databaseOperationOutputSchema, type ErrorData } from "@waybill/contracts";

/** How an export writes records; every text ends its line. */
export interface ExportFormat {
  readonly contentType: string;
  readonly head: string;
  readonly record: (row: DatabaseOperationOutput) => string;
  /** The last line of an export that broke off: no record looks like it. */
  readonly brokenOff: (error: ErrorData) => string;
}

const columns = databaseOperationOutputSchema.keyof().options;

export const exportFormats: Readonly<Record<"ndjson" | "csv", ExportFormat>> = {
  ndjson: {
    contentType: "application/x-ndjson; charset=utf-8",
    head: "",
    record: (row) => `${JSON.stringify(row)}\n`,
    brokenOff: (error) => `${JSON.stringify({ error })}\n`,
  },
  csv: {
    contentType: "text/csv; charset=utf-8; header=present",
    head: line(columns),
    record: (row) => line(columns.map((column) => row[column])),
    // fewer cells than a record, so that a strict reader stops here too
    brokenOff: ({ code, message, request_id }) => line(["#error", code, message, request_id]),
  },
};

function line(values: readonly unknown[]): string {
  return `${values.map(cell).join(",")}\r\n`;
}

/** A cell as RFC 4180 has it; null is an empty one. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = withoutFormula(typeof value === "string" ? value : JSON.stringify(value));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet would run a cell that begins like this (CSV injection); an apostrophe makes it text. */
function withoutFormula(text: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
}
