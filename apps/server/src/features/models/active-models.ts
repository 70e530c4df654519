import type { DataModelOutput } from "@waybill/contracts";
import type { ModelStore } from "@waybill/db";

/** All models that are in use, in the order of their names. */
export async function activeModels(store: Pick<ModelStore, "list">): Promise<DataModelOutput[]> {
  const models: DataModelOutput[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({ is_active: true, limit: 200, ...(cursor === undefined ? {} : { cursor }) });
    models.push(...page.rows);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return models;
}
