import type { WaybillClient } from "@waybill/client";
import type { RecordedOperation } from "./compare.ts";

/** Every record, newest first, to the end of the list. For an admin: everybody's. */
export async function readOperations(admin: WaybillClient): Promise<RecordedOperation[]> {
  const records: RecordedOperation[] = [];
  let cursor: string | null = null;
  do {
    const page: { rows: RecordedOperation[]; next_cursor: string | null } = await admin.operations.list.query({
      limit: 200,
      ...(cursor === null ? {} : { cursor }),
    });
    records.push(...page.rows);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return records;
}
