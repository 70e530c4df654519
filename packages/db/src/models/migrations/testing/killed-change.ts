import { planChange, type ScratchDatabase } from "../index.ts";
import { killAtEachStep, type KillReport } from "./kill-at-each-step.ts";
import { openSession } from "./open-session.ts";

const before =
  "create table public.killed (id int primary key, note text, number int); alter table public.killed enable row level security";
const after =
  "create table public.killed (id int primary key, number bigint, word text); create index on public.killed (word)";
const fill = "insert into public.killed select n, 'note ' || n, n from generate_series(1, 500) n";
const rowsSql = "select md5(string_agg(to_jsonb(k)::text, ',' order by id)) from public.killed k";

export interface KilledChange {
  readonly up: KillReport;
  readonly down: KillReport;
  /** How many steps each way has, its record and its commit among them. */
  readonly steps: { readonly up: number; readonly down: number };
  /** The rows are after the way back as they were before. */
  readonly rowsIntact: boolean;
  readonly sideTables: number;
}

/** Kills a change of a table of its own at each step that `some` picks, up and then down. */
export async function killedChange(
  scratch: ScratchDatabase,
  dbUrl: string,
  some: (steps: number) => readonly number[] | undefined,
): Promise<KilledChange> {
  await using live = openSession(dbUrl);
  const plan = await planChange({ scratch, before, after });
  await live.exec(`${before}; ${fill}`);
  const rows = JSON.stringify(await live.query(rowsSql));
  // a step for the row and one for the commit
  const steps = { up: plan.up.length + 2, down: plan.down.length + 2 };
  const up = await killAtEachStep(live, dbUrl, "up", plan, some(steps.up));
  const down = await killAtEachStep(live, dbUrl, "down", plan, some(steps.down));
  const left = await live.query(
    "select 1 from pg_class where relnamespace = to_regnamespace('waybill_dropped') and relname like 'killed%'",
  );
  return { up, down, steps, rowsIntact: JSON.stringify(await live.query(rowsSql)) === rows, sideTables: left.length };
}
