import type { WaybillClient } from "@waybill/client";

type ListInput = Parameters<WaybillClient["data"]["list"]["query"]>[0];
type DataRow = Awaited<ReturnType<WaybillClient["data"]["list"]["query"]>>["rows"][number];

/** All rows of a list, page by page. */
export async function readRows(client: WaybillClient, input: Omit<ListInput, "limit" | "cursor">): Promise<DataRow[]> {
  const rows: DataRow[] = [];
  let cursor: string | null = null;
  do {
    const page: { rows: DataRow[]; next_cursor: string | null } = await client.data.list.query({
      ...input,
      limit: 1000,
      ...(cursor === null ? {} : { cursor }),
    });
    rows.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
}
