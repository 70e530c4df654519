import { start } from "@waybill/local-supabase";
import postgres from "postgres";
import type { Key } from "../must-reach.ts";
import { type Pace, type Spread, spread } from "../paired.ts";
import { type Results, showSpread } from "../report.ts";
import { fillLedger, LARGE_DAYS } from "./fill.ts";
import { measureDrop } from "./measure-drop.ts";
import { measureLists, measureStatistics, type ReadFigure } from "./measure-reads.ts";

/** Reads and retention of a ledger of 5,000,000 records, in a PostgreSQL of its own. */
export async function ledger({ rounds }: Pace): Promise<Results> {
  await using stack = await start({ engine: "native", seed: false });
  const sql = postgres(stack.dbUrl, { max: 2, onnotice: () => undefined });
  const one = postgres(stack.dbUrl, { max: 1, onnotice: () => undefined });
  try {
    const filled = await fillLedger(sql);
    const [{ version } = { version: "PostgreSQL" }] = await sql<{ version: string }[]>`select version()`;
    const lists = await measureLists(one, filled, rounds);
    const statistics = await measureStatistics(one, filled, rounds);
    const drop = await measureDrop(one, LARGE_DAYS);

    const reads = [...lists.byClientAndStatus, ...lists.rareStatus, ...lists.nextPage, ...lists.short, ...statistics];
    const [tables, errors] = statistics;
    const promised = [tables, errors].filter((figure) => figure !== undefined);
    return {
      tables: [
        {
          title: `A ledger of ${filled.rows.toLocaleString("en")} records in ${version.split(" ", 2).join(" ")}: p95 of the database's time`,
          rows: [["what operations.list and operations.stats ask", "ms", "of them on a core"], ...reads.map(rowOf)],
        },
        {
          title: `Dropping ${LARGE_DAYS} days of ${Math.round(drop.rows / LARGE_DAYS).toLocaleString("en")} records each`,
          rows: [
            ["what", "value"],
            ["maintain_operations, one day a call", `${showSpread(drop.took, 0)} ms`],
            ["what the days took on the disk", mebibytes(drop.held)],
            ["what the database is smaller by", mebibytes(drop.givenBack)],
            ["WAL written", mebibytes(drop.wal)],
            ["dead rows left in the ledger", String(drop.dead)],
          ],
        },
      ],
      figures: new Map<Key, Spread>([
        ["list-by-client-and-status", worst(lists.byClientAndStatus)],
        ["list-rare-status", worst(lists.rareStatus)],
        ["list-next-page", worst(lists.nextPage)],
        ["rollups", worst(promised)],
        ["drop-day", drop.took],
      ]),
    };
  } finally {
    await Promise.all([one.end({ timeout: 5 }), sql.end({ timeout: 5 })]);
  }
}

const rowOf = ({ question, p95, cpu }: ReadFigure): string[] => [question, showSpread(p95, 1), showSpread(cpu, 1)];
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

/** Of several ways to ask the same, the one that takes longest. */
function worst(figures: readonly ReadFigure[]): Spread {
  return figures.map(({ p95 }) => p95).toSorted((a, b) => b.median - a.median)[0] ?? spread([]);
}
