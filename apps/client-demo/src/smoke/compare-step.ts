import type { Caller } from "../callers/caller.ts";
import type { CountingProxy } from "../counting-proxy/counting-proxy.ts";
import { awaitAgreement } from "../records/await-agreement.ts";
import type { Report } from "./report.ts";

const name = "records = calls";
/** More would only scroll the first ones away. */
const shown = 20;

/** Every request that arrived at the proxy has exactly one record that says the same of it. */
export async function compareStep(
  report: Report,
  proxy: CountingProxy | null,
  people: { readonly reader: Caller; readonly callers: readonly Caller[] },
): Promise<void> {
  if (proxy === null) {
    report.skip(name, "the server was not started here, so no proxy stands before its Supabase to count the calls");
    return;
  }
  await report.step(name, async (note) => {
    const { requests, differences } = await awaitAgreement({ proxy, ...people });
    if (differences.length > 0) {
      const more = differences.length > shown ? [`… and ${differences.length - shown} more`] : [];
      throw new Error([`${differences.length} differences:`, ...differences.slice(0, shown), ...more].join("\n"));
    }
    note(`${requests} requests, each with its one record; ${proxy.ledgerRequests()} of the ledger itself apart`);
  });
}
