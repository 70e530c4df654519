import type { DataModelOutput } from "@waybill/contracts";
import type { ModelStore } from "@waybill/db";

/** All models that are in use, in the order of their names; with the deprecated ones where asked for. */
export async function activeModels(
  store: Pick<ModelStore, "list">,
  { withInactive = false }: { readonly withInactive?: boolean } = {},
): Promise<DataModelOutput[]> {
  const models: DataModelOutput[] = [];
  const filter = withInactive ? {} : { is_active: true };
  let cursor: string | undefined;
  do {
    const page = await store.list({ ...filter, limit: 200, ...(cursor === undefined ? {} : { cursor }) });
    models.push(...page.rows);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return models;
}
