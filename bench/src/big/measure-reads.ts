import { readFileSync } from "node:fs";
import { createClient } from "@supabase/supabase-js";
import type { Sql } from "postgres";
import type { Database } from "../../../packages/db/src/database.types.ts";
import { createOperationStatsStore } from "../../../packages/db/src/stores/operation-stats.ts";
import { createOperationStore } from "../../../packages/db/src/stores/operations.ts";
import { SECRET_KEY } from "../call-contenders.ts";
import { percentile, type Spread, spread } from "../paired.ts";
import { type Caller, dataApi } from "./data-api.ts";
import type { Filled } from "./fill.ts";

type Operations = ReturnType<typeof createOperationStore>;
type Stats = ReturnType<typeof createOperationStatsStore>;
type Filter = NonNullable<Parameters<Operations["list"]>[0]>;

/** The 95th percentile of the database's time for one question, in milliseconds, of each round. */
export interface ReadFigure {
  readonly question: string;
  /** From the first statement to the last answer. */
  readonly p95: Spread;
  /** On a core, of the server process of the connection: the steadier figure, where others use the machine too. */
  readonly cpu: Spread;
}

const PAGE = 50;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CLIENTS = ["gateway-1/service_role", "gateway-1/anon", "gateway-2/service_role", "gateway-2/anon"] as const;
/** In a round. */
const LISTS = 40;
const STATISTICS = 12;

interface Reader {
  readonly list: Operations["list"];
  readonly stats: Stats["stats"];
  /** What the statements took since it was last asked for. */
  readonly took: () => Took;
}

interface Took {
  readonly ms: number;
  readonly cpuMs: number;
}

/** @param sql with one connection */
async function reader(sql: Sql, caller: Caller): Promise<Reader> {
  const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  let ms = 0;
  let cpuMs = cpuOf(pid);
  const fetch = dataApi(sql, caller, (more) => (ms += more));
  const options = { global: { fetch }, db: { retry: false }, auth: { persistSession: false, autoRefreshToken: false } };
  const client = createClient<Database>("http://127.0.0.1:1", SECRET_KEY, options);
  const operations = createOperationStore(client);
  const statistics = createOperationStatsStore(client);
  return {
    // with a caller's client it reads through the view of the caller's own
    list: (filter) => operations.list(filter, caller.role === "authenticated" ? client : undefined),
    stats: (input) => statistics.stats(input),
    took() {
      const [sum, before] = [ms, cpuMs];
      [ms, cpuMs] = [0, cpuOf(pid)];
      return { ms: sum, cpuMs: cpuMs - before };
    },
  };
}

/** Milliseconds that a process has been on a core; not a number where the system does not say so. */
function cpuOf(pid: number): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
    return Number(nanoseconds) / 1e6;
  } catch {
    return Number.NaN;
  }
}

interface Question {
  readonly question: string;
  /** In a round. */
  readonly times: number;
  /** Gets the number of the time that it is asked. */
  readonly ask: (time: number) => Promise<unknown>;
}

async function measure(rounds: number, took: () => Took, { question, times, ask }: Question): Promise<ReadFigure> {
  const [p95, cpu]: [number[], number[]] = [[], []];
  // the first fills caches
  for (let round = -1; round < rounds; round++) {
    const each: Took[] = [];
    for (let time = 0; time < times; time++) {
      took();
      await ask((round + 1) * times + time);
      each.push(took());
    }
    if (round < 0) continue;
    p95.push(
      percentile(
        each.map(({ ms }) => ms),
        0.95,
      ),
    );
    cpu.push(
      percentile(
        each.map(({ cpuMs }) => cpuMs),
        0.95,
      ),
    );
  }
  return { question, p95: spread(p95), cpu: spread(cpu) };
}

export interface ListFigures {
  readonly byClientAndStatus: readonly ReadFigure[];
  readonly rareStatus: readonly ReadFigure[];
  readonly nextPage: readonly ReadFigure[];
  /** Lists that end before their page is full, so that all days are asked. */
  readonly short: readonly ReadFigure[];
}

/** What `operations.list` asks for a ledger of millions, as an admin and as one of its users. */
export async function measureLists(sql: Sql, { end }: Pick<Filled, "end">, rounds: number): Promise<ListFigures> {
  const admin = await reader(sql, { role: "service_role" });
  const [somebody] = await sql<{ sub: string }[]>`select md5('user7')::uuid::text as sub`;
  const user = await reader(sql, { role: "authenticated", sub: somebody?.sub ?? "" });
  const list = (question: string, who: Reader, ask: Question["ask"]): Promise<ReadFigure> =>
    measure(rounds, who.took, { question, times: LISTS, ask });

  const full = async (who: Reader, filter: Filter): Promise<string | null> => {
    const { rows, next_cursor } = await who.list({ ...filter, limit: PAGE });
    if (rows.length !== PAGE) throw new Error(`there are ${rows.length} records of ${JSON.stringify(filter)}`);
    return next_cursor;
  };
  const last = (question: string, who: Reader, filters: readonly Filter[]) =>
    list(question, who, (time) => full(who, filters[time % filters.length] ?? {}));
  const pages = (question: string, who: Reader, filter: Filter, starts: readonly string[]) => {
    let cursor: string | null = null;
    return list(question, who, async (time) => {
      if (time % LISTS === 0) cursor = starts[(time / LISTS) % starts.length] ?? null;
      cursor = await full(who, cursor === null ? filter : { ...filter, cursor });
    });
  };
  const few = (question: string, who: Reader, filter: Filter) =>
    list(question, who, () => who.list({ ...filter, limit: PAGE }));

  const newest = idOf(end.getTime());
  const depths = Array.from({ length: 25 }, (_, days) => idOf(end.getTime() - days * DAY - HOUR));
  const [large, small] = CLIENTS;
  const each = CLIENTS.flatMap((client_id) => [
    { client_id, status: "success" as const },
    { client_id, status: "error" as const },
  ]);
  return {
    byClientAndStatus: [
      await last("last 50 by client and status", admin, each),
      await last("last 50 by client and status, a user's own", user, [{ client_id: large, status: "success" }]),
    ],
    rareStatus: [await last("last 50 of a status that 0.05 % have", admin, [{ status: "timeout" }])],
    nextPage: [
      await pages("next page, from the newest", admin, {}, [newest]),
      await pages("next page, some day", admin, {}, depths),
      await pages("next page by client and status, some day", admin, { client_id: small, status: "success" }, depths),
      await pages("next page, some day, a user's own", user, {}, depths),
    ],
    short: [
      await few("all 20 of a status that no others have", admin, { status: "pending" }),
      await few("all of a status that 0.05 % have, a user's own", user, { status: "timeout" }),
    ],
  };
}

/** What `operations.stats` asks. */
export async function measureStatistics(
  sql: Sql,
  { end }: Pick<Filled, "end">,
  rounds: number,
): Promise<readonly ReadFigure[]> {
  const { stats, took } = await reader(sql, { role: "service_role" });
  const ask = (question: string, hours: number, filter: Parameters<typeof stats>[0]) =>
    measure(rounds, took, {
      question,
      times: STATISTICS,
      ask: () =>
        stats({
          created_from: new Date(end.getTime() - hours * HOUR).toISOString(),
          created_before: end.toISOString(),
          step: "minute",
          ...filter,
        }),
    });
  return [
    await ask("percentiles of each table, 1 h", 1, { parts: ["tables"] }),
    await ask("errors a minute, 24 h", 24, { parts: ["series"], status: "error" }),
    await ask("all a minute, 24 h", 24, { parts: ["series"] }),
    await ask("percentiles of each table, 30 days by the hour", 720, { parts: ["tables"], step: "hour" }),
    await ask("percentiles of each client, 1 h", 1, { parts: ["clients"] }),
  ];
}

/** The least id of a moment. */
function idOf(ms: number): string {
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
