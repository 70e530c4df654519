import { type WaybillClient, waybillErrorOf } from "@waybill/client";
import { demoModels } from "@waybill/contracts/demo-models";

/** Declares airports and routes, as an admin. Models that are there already stay as they are. */
export async function declareModels(admin: WaybillClient): Promise<{ declared: string[]; there: string[] }> {
  const declared: string[] = [];
  const there: string[] = [];
  for (const model of demoModels) {
    try {
      await admin.models.create.mutate(model);
      declared.push(model.model_name);
    } catch (error) {
      if (waybillErrorOf(error)?.code !== "MODEL_EXISTS") throw error;
      there.push(model.model_name);
    }
  }
  return { declared, there };
}
