import { type DataModelCreate, jsonFault, type JsonValue } from "@waybill/contracts";
import { compileFields } from "@waybill/contracts/json-schema";
import { type ScratchDatabase, scratchDatabase } from "@waybill/local-supabase";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CompiledModel, compileModel, ddlOf } from "./compile-model.ts";
import { shapeOf } from "./model-shape.ts";
import { cameBack } from "./testing/came-back.ts";
import { smallModels } from "./testing/small-models.ts";
import { smallRows } from "./testing/small-rows.ts";

test.each(["pglite", "native"] as const)(
  "random models compile, run at once, and take the rows that the server takes and no others: %s",
  async (engine) => {
    await using database = await scratchDatabase({ engine });
    // Rows are judged by themselves: whether a foreign key finds its target is no rule of the row.
    await database.exec("set session_replication_role = replica");
    const inputs = smallModels("small").chain((models) =>
      fc.record({
        models: fc.constant(models),
        rows: fc.tuple(...models.map((model) => fc.array(smallRows(model), { minLength: 8, maxLength: 8 }))),
      }),
    );
    const outcomes = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(inputs, async ({ models, rows }) => {
        const compiled = await Promise.all(models.map((model) => compiledOf(model, models)));
        await database.exec(ddlOf(compiled));
        try {
          for (const [index, model] of models.entries()) {
            for (const row of rows[index] ?? []) {
              const expected = jsonFault(row) === null && compileFields(model.fields)(row).ok;
              outcomes[expected ? "taken" : "refused"] += 1;
              expect({ row, ...(await insert(database, model, row)) }).toMatchObject({ taken: expected });
            }
          }
        } finally {
          await database.exec(`drop table ${compiled.map(({ table }) => table).join(", ")} cascade`);
        }
      }),
      { numRuns: 25 },
    );
    expect(outcomes.taken).toBeGreaterThan(50);
    expect(outcomes.refused).toBeGreaterThan(50);
  },
);

async function compiledOf(model: DataModelCreate, models: readonly DataModelCreate[]): Promise<CompiledModel> {
  const result = await compileModel(model, models);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  // What the server alone holds would let the two differ; these models have nothing of it.
  expect(result.compiled.serverOnly).toEqual([]);
  return result.compiled;
}

/** Inserts a row as the Data API does, tells whether it came back as it was sent, and takes it out again. */
async function insert(
  database: ScratchDatabase,
  model: DataModelCreate,
  row: Readonly<Record<string, JsonValue | undefined>>,
) {
  const { table, types } = shapeOf(model);
  const columns = Object.keys(row).map((column) => `"${column}"`);
  const values = columns.length === 0 ? "default values" : `(${columns.join()}) select ${columns.join()} from given`;
  const given = `given as (select * from json_populate_record(null::${table}, $1::text::json))`;
  try {
    const [made] = await database.query(
      `with ${given}, looked as (select $1::text) insert into ${table} ${values} returning to_json(${table.slice(7)})::text as row`,
      [JSON.stringify(row)],
    );
    await database.exec(`delete from ${table}`);
    const got: unknown = JSON.parse(String(made?.["row"]));
    const changed = Object.entries(row).filter(
      ([column, value = null]) => !cameBack(value, valueOf(got, column), types.get(column)?.name ?? ""),
    );
    return { taken: changed.length === 0, changed };
  } catch (error) {
    return { taken: false, why: String(error) };
  }
}

function valueOf(row: unknown, column: string): unknown {
  return typeof row === "object" && row !== null ? Reflect.get(row, column) : undefined;
}
