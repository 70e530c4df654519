import { type WaybillClient, waybillErrorOf } from "@waybill/client";
import { demoModels } from "@waybill/contracts/demo-models";

export interface MakeTablesResult {
  /** Tables made now, by the models' plan. */
  readonly made: readonly string[];
  /** Tables that no plan has made, as an earlier version's start left them: they stay as they are. */
  readonly found: readonly string[];
}

/**
 * Makes the tables of the declared models, as an admin: plans them and applies the plan. A table that is there stays as
 * it is, so that whatever interrupted an earlier try, the next one goes on.
 *
 * @param say hears what takes its time
 */
export async function makeTables(
  admin: WaybillClient,
  say: (text: string) => void = () => {},
): Promise<MakeTablesResult> {
  const models = await Promise.all(demoModels.map(({ model_name }) => admin.models.get.query({ model_name })));
  const found: string[] = [];
  const missing: string[] = [];
  for (const { model_name } of models.filter(({ applied_version }) => applied_version === null)) {
    const list = (await isServed(admin, model_name)) ? found : missing;
    list.push(model_name);
  }
  if (missing.length > 0) {
    const names = missing.join(" and ");
    say(`Planning the tables of ${names}, and proving the plan on a scratch database …`);
    const plan = await admin.models.plan.mutate({ models: missing, sample_rows: 0 });
    if (plan.run_by_hand !== null) throw new Error(byHand(names, plan.run_by_hand.up));
    say(`Making the tables of ${names} by ${plan.up.length} statements …`);
    await admin.models.migrate.mutate({ fingerprint: plan.fingerprint });
  }
  return { made: missing, found };
}

async function isServed(admin: WaybillClient, model: string): Promise<boolean> {
  try {
    await admin.data.list.query({ model, limit: 1 });
    return true;
  } catch (error) {
    if (waybillErrorOf(error)?.code === "UNKNOWN_TABLE") return false;
    throw error;
  }
}

function byHand(names: string, sql: string): string {
  return `The server cannot make the tables of ${names}. Set its SUPABASE_DB_URL, or run this SQL as the owner of the database, and try again:\n${sql}`;
}
