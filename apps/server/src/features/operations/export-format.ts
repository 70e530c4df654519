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
    record: (row) => lineOf(columns.map((column) => cell(row, column))),
    // fewer cells than a record, so that a strict reader stops here too
    brokenOff: ({ code, message, request_id }) => line(["#error", code, message, request_id]),
  },
};

function cell(row: DatabaseOperationOutput, column: (typeof columns)[number]): string {
  // as text a body `"true"` could not be told from `true`
  return column === "query_data" || column === "response_data" ? jsonOf(row[column]) : textOf(row[column]);
}

function line(values: readonly (string | null)[]): string {
  return lineOf(values.map(textOf));
}

/** A line of cells as RFC 4180 has them. */
function lineOf(texts: readonly string[]): string {
  return `${texts.map(quoted).join(",")}\r\n`;
}

function quoted(text: string): string {
  // where a comma is the decimal mark, spreadsheets separate by semicolons
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Null is an empty cell. No JSON begins like a formula: `-` only before a number. */
function jsonOf(value: unknown): string {
  return value === null ? "" : JSON.stringify(value);
}

/** A spreadsheet would run a cell that begins like this (CSV injection); an apostrophe makes it text. */
function textOf(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
}
