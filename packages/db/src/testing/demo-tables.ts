import { dataModelCreateSchema } from "@waybill/contracts";
import { demoModels } from "@waybill/contracts/demo-models";
import postgres from "postgres";
import { compileModel, ddlOf } from "../models/compile-model.ts";

/**
 * Makes the tables of the demo's models, for tests that want a table of callers and no server that applies models. All
 * or none; fails where one is there.
 *
 * @param dbUrl of a stack that has just been started
 */
export async function makeDemoTables(dbUrl: string): Promise<void> {
  const models = demoModels.map((model) => dataModelCreateSchema.parse(model));
  const compiled = await Promise.all(
    models.map(async (model) => {
      const result = await compileModel(model, models);
      if (result.ok) return result.compiled;
      throw new Error(`${model.model_name} does not compile: ${JSON.stringify(result.issues)}`);
    }),
  );
  const sql = postgres(dbUrl, { max: 1, connect_timeout: 20, onnotice: () => undefined });
  try {
    await sql.begin((tx) => tx.unsafe(`${ddlOf(compiled)}notify pgrst, 'reload schema';`));
  } finally {
    await sql.end({ timeout: 5 });
  }
}
