import { storeError, type Waybill } from "@waybill/db";
import { z } from "zod";

/** Whether the database has a table of this name in `public`. */
export async function hasTable(waybill: Pick<Waybill, "service">, table: string): Promise<boolean> {
  const answer = await waybill.service().rpc("has_table", { of_table: table }, { get: true });
  if (answer.error !== null) throw storeError("Looking for a model's table", answer);
  return z.boolean().parse(answer.data);
}
