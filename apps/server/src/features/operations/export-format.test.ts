import { databaseOperationOutputSchema } from "@waybill/contracts";
import { describe, expect, it } from "vitest";
import { exportFormats } from "./export-format.ts";

const row = databaseOperationOutputSchema.parse({
  operation_id: "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e",
  client_id: "desk/anon",
  operation_type: "read",
  table_name: "airports",
  query_data: { search: { name: 'eq."a,b"' } },
  response_data: null,
  status: "error",
  error_message: "two\nlines",
  execution_time_ms: 12,
  created_at: "2026-11-22T10:00:00.000001+00:00",
  completed_at: "2026-11-22T10:00:00.012001+00:00",
  user_id: "=HYPERLINK(1)",
  request_id: "-1+2",
  session_id: null,
  model_id: null,
  schema_version: null,
  attempts: 2,
});
const error = {
  code: "SUPABASE_UNREACHABLE",
  message: "No, gone",
  hint: "-",
  operation_id: null,
  request_id: "r",
} as const;

describe("an export's lines", () => {
  it("are JSON, one record each, and an error is no record", () => {
    const { record, brokenOff } = exportFormats.ndjson;
    expect(record(row).match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(record(row))).toEqual(row);
    expect(JSON.parse(brokenOff(error))).toEqual({ error });
  });

  it("are CSV by RFC 4180: quoted where needed, null empty, and no cell a formula", () => {
    const { head, record, brokenOff } = exportFormats.csv;
    expect(head).toBe(`${Object.keys(row).join(",")}\r\n`);
    expect(record(row)).toBe(
      [
        row.operation_id,
        "desk/anon,read,airports",
        String.raw`"{""search"":{""name"":""eq.\""a,b\""""}}"`,
        ',error,"two\nlines",12',
        row.created_at,
        row.completed_at,
        "'=HYPERLINK(1),'-1+2,,,,2\r\n",
      ].join(","),
    );
    expect(brokenOff(error)).toBe('#error,SUPABASE_UNREACHABLE,"No, gone",r\r\n');
  });

  it.each(["a;=1+1", "a\t=1+1", "a\r=1+1"])(
    "%j is one cell also for who separates or ends lines by another mark",
    (error_message) => {
      expect(exportFormats.csv.record({ ...row, error_message })).toContain(`,"${error_message}",`);
    },
  );

  it("hold bodies as JSON, whatever they are", () => {
    const { record } = exportFormats.csv;
    const bodyOf = (response_data: typeof row.response_data) =>
      record({ ...row, query_data: null, response_data }).slice(
        "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e,desk/anon,read,airports,,".length,
      );
    expect(bodyOf("true")).toMatch(/^"""true""",error/);
    expect(bodyOf(true)).toMatch(/^true,error/);
    expect(bodyOf("=1")).toMatch(/^"""=1""",error/);
    // no JSON begins so but a number, which a spreadsheet shows as it is
    expect(bodyOf(-1)).toMatch(/^-1,error/);
  });

  it.each(["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"])(
    "%j comes as text",
    (error_message) => {
      const [, , , , , , , cell = ""] = exportFormats.csv
        .record({ ...row, query_data: null, error_message })
        .split(",");
      expect(cell.replace(/^"/, "")).toMatch(/^'/);
    },
  );
});
