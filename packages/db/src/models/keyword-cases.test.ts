import { type DataModelCreate, dataModelCreateSchema, type JsonValue } from "@waybill/contracts";
import { type KeywordCase, keywordCases } from "@waybill/contracts/keyword-cases";
import { type ScratchDatabase, scratchDatabase } from "@waybill/local-supabase";
import { describe, expect, it } from "vitest";
import { type CompiledModel, compileModel, ddlOf } from "./compile-model.ts";
import { cameBack } from "./testing/came-back.ts";

/** The cases, those of one schema together: each such group is one table. */
const groups = [...Map.groupBy(keywordCases, ({ schema, required }) => JSON.stringify([schema, required])).values()];

function modelOf(group: readonly KeywordCase[], number: number): DataModelCreate {
  const [first] = group;
  return dataModelCreateSchema.parse({
    model_name: `cases_${number}`,
    table_name: `cases_${number}`,
    schema_version: "1.0.0",
    fields: {
      type: "object",
      required: first?.required === true ? ["id", "held"] : ["id"],
      properties: { id: { type: "integer" }, held: first?.schema ?? {} },
    },
  });
}

const models = groups.map(modelOf);

async function compiled(model: DataModelCreate): Promise<CompiledModel> {
  const result = await compileModel(model, []);
  if (!result.ok) throw new Error(`${model.model_name}: ${JSON.stringify([model.fields, result.issues])}`);
  return result.compiled;
}

const rowOf = ({ value }: KeywordCase, id: number) => (value === undefined ? { id } : { id, held: value });

describe("the table of cases", () => {
  it.each(["pglite", "native"] as const)("is what the database says, case by case: %s", async (engine) => {
    await using database = await scratchDatabase({ engine });
    const tables = await Promise.all(models.map(compiled));
    await database.exec(ddlOf(tables));
    const wrong: unknown[] = [];
    for (const [number, group] of groups.entries()) {
      const column = /^ {2}held (\w+)/m.exec(tables[number]?.create[0] ?? "")?.[1] ?? "";
      for (const [id, one] of group.entries()) {
        const said = await outcome(database, `public.cases_${number}`, one, id, column);
        if (said.taken !== one.valid) wrong.push({ ...one, said });
      }
    }
    expect(wrong).toEqual([]);
  });

  it("leaves none of its keywords to the server alone", async () => {
    const tables = await Promise.all(models.map(compiled));
    expect(tables.flatMap(({ serverOnly }) => serverOnly)).toEqual([]);
  });
});

/** Inserts a row as the Data API does, and looks at what is there then. */
async function outcome(database: ScratchDatabase, table: string, one: KeywordCase, id: number, type: string) {
  const columns = one.value === undefined ? "id" : "id, held";
  const given = `json_populate_record(null::${table}, $1::text::json)`;
  try {
    const [row] = await database.query(
      `insert into ${table} (${columns}) select ${columns} from ${given} returning to_json(held)::text as held`,
      [JSON.stringify(rowOf(one, id))],
    );
    const text = row?.["held"];
    const got: unknown = typeof text === "string" ? JSON.parse(text) : null;
    const sent: JsonValue = one.value ?? null;
    return { taken: cameBack(sent, got, type), got };
  } catch (error) {
    return { taken: false, why: String(error) };
  }
}
