import {
  authenticationContextSchema,
  databaseOperationSchema,
  dataModelSchema,
  dataModelVersionSchema,
  reservedSchemas,
  supabaseClientSchema,
  waybillTables,
} from "@waybill/contracts";
import { describe, expect, test } from "vitest";
import { connect } from "./database.ts";
import { acceptedRows, refusedRows } from "./refused-rows.ts";
import { tables, validRows, type TableName } from "./rows.ts";
import type { Row } from "./database.ts";

const schemas = {
  supabase_clients: supabaseClientSchema,
  authentication_contexts: authenticationContextSchema,
  data_models: dataModelSchema,
  data_model_versions: dataModelVersionSchema,
  database_operations: databaseOperationSchema,
} as const;

const faults = (table: TableName, change: Row) =>
  schemas[table].safeParse({ ...validRows[table], ...change }).error?.issues ?? [];

describe("the contract of each table", () => {
  test.each([...tables.map((table) => [table, {}] as const), ...acceptedRows])(
    "takes what the table takes: %s %j",
    (table, change) => {
      expect(faults(table, change)).toEqual([]);
    },
  );

  // Whether the row that a key refers to is there, no contract can know.
  const rules = refusedRows.filter(([, constraint]) => !constraint.endsWith("_fkey"));
  const cases = rules.flatMap(([table, constraint, changes]) =>
    changes.map((change) => ({ table, change, name: `${constraint}: ${JSON.stringify(change).slice(0, 90)}` })),
  );
  test.each(cases)("refuses what the table refuses: $name", ({ table, change }) => {
    expect(faults(table, change)).not.toEqual([]);
  });

  test.each([
    ["data_models_table_name_not_schema", reservedSchemas],
    ["data_models_table_name_not_waybill", waybillTables],
  ])("names the same names as %s", async (constraint, names) => {
    await using sql = connect();
    const [definition] = await sql<{ text: string }[]>`
      select pg_get_constraintdef(oid) as text from pg_constraint where conname = ${constraint}`;
    const listed = [...(definition?.text ?? "").matchAll(/'(\w+)'::text/g)].map(([, name]) => name ?? "");
    const plain = [...names].filter((name) => !name.startsWith("pg_"));
    expect(listed.filter((name) => name !== "pg_").sort()).toEqual(plain.sort());
  });
});
