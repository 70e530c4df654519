import type { Sql } from "postgres";
import { type Spread, spread } from "../paired.ts";

export interface DropFigures {
  /** Milliseconds of the retention job's call that dropped one day, of half a million records each. */
  readonly took: Spread;
  readonly rows: number;
  /** What the days took on the disk, and what the database is smaller by: bytes. */
  readonly held: number;
  readonly givenBack: number;
  /** Bytes of WAL that it took. */
  readonly wal: number;
  /** Dead rows that it left behind in the ledger. */
  readonly dead: number;
}

/** Drops the oldest days as the retention job does: `maintain_operations` by the service key, one day a call. */
export async function measureDrop(sql: Sql, days: number): Promise<DropFigures> {
  const took: number[] = [];
  const [before] = await sql<State[]>`select ${state(sql)}`;
  const [held] = await sql<{ bytes: number; rows: number }[]>`
    select sum(pg_total_relation_size(p.relation))::float8 as bytes, sum(greatest(c.reltuples, 0))::float8 as rows
    from (select * from waybill.operation_partitions order by before_id limit ${days}) p
    join pg_class c on c.oid = p.relation`;
  for (let day = 0; day < days; day++) {
    const [oldest] = await sql<{ retention: number }[]>`
      select floor(extract(epoch from now() - waybill.moment_of(before_id)) / 86400)::integer as retention
      from waybill.operation_partitions order by before_id limit 1`;
    const begun = performance.now();
    const dropped = await sql.begin(async (tx) => {
      await tx`select set_config('role', 'service_role', true)`;
      const [answer] = await tx<{ dropped: number }[]>`
        select (maintain_operations(${oldest?.retention ?? 0}) ->> 'dropped')::integer as dropped`;
      return answer?.dropped;
    });
    took.push(performance.now() - begun);
    if (dropped !== 1) throw new Error("the retention job dropped no day");
  }
  const [after] = await sql<State[]>`select ${state(sql)}`;
  if (before === undefined || after === undefined || held === undefined) throw new Error("the database said nothing");
  return {
    took: spread(took),
    rows: held.rows,
    held: held.bytes,
    givenBack: before.bytes - after.bytes,
    wal: after.wal - before.wal,
    dead: after.dead - before.dead,
  };
}

interface State {
  readonly bytes: number;
  readonly wal: number;
  readonly dead: number;
}

const state = (sql: Sql) => sql`
  pg_database_size(current_database())::float8 as bytes,
  (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as wal,
  (select coalesce(sum(n_dead_tup), 0)::float8 from pg_stat_user_tables where relname like 'database_operations%') as dead`;
