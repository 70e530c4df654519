import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { createWaybill } from "../../waybill.ts";

/**
 * A process that calls Supabase through Waybill until it is killed: `node call-forever.ts <options as JSON>`. Eight
 * callers read and change; what they change does not exist.
 */
const options = z
  .object({
    url: z.string(),
    publishableKey: z.string(),
    secretKey: z.string(),
    journalDir: z.string(),
    instance: z.string(),
  })
  .parse(JSON.parse(process.argv[2] ?? ""));
const waybill = createWaybill({ ...options, allowHttpLoopback: true });
const service: SupabaseClient = waybill.service();

async function callForever(caller: number): Promise<void> {
  for (let call = caller; ; call++) {
    const table = service.from("airports");
    if (call % 3 === 0) await table.update({ name: "nobody" }).eq("iata", "???");
    else await table.select("iata").limit(1);
  }
}

// A test that is killed takes its callers with it.
process.stdin.resume().once("close", () => process.exit());
await Promise.all(Array.from({ length: 8 }, (_, caller) => callForever(caller)));
