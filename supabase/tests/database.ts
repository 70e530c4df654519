import postgres from "postgres";
import { inject } from "vitest";

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;
export type Row = Readonly<Record<string, unknown>>;

/** A connection with the database owner's rights: no policy holds it. `await using` closes it. */
export function connect(): Sql & AsyncDisposable {
  const sql = postgres(inject("stack").dbUrl, { max: 1, connect_timeout: 20, onnotice: () => undefined });
  return Object.assign(sql, { [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }) });
}

class RollBack extends Error {}

/** Runs `work` in a transaction that is always rolled back, so that no test sees another's rows. */
export async function rolledBack<T>(sql: Sql, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const outcome: { value?: T } = {};
  try {
    await sql.begin(async (tx) => {
      outcome.value = await work(tx);
      throw new RollBack();
    });
  } catch (error) {
    if (error instanceof RollBack && "value" in outcome) return outcome.value;
    throw error;
  }
  throw new Error("the transaction was not rolled back");
}

/** What Postgres said no to: SQLSTATE and the constraint or column that it names. Fails when it said yes. */
export async function refusal(work: Promise<unknown>): Promise<{ code: string; constraint: string; column: string }> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    return { code: error.code, constraint: error.constraint_name ?? "", column: error.column_name ?? "" };
  }
  throw new Error("the database accepted it");
}

export async function insert(tx: Transaction, table: string, row: Row): Promise<void> {
  const columns = Object.keys(row);
  // through text: postgres.js would encode a string that is JSON already once more
  await tx.unsafe(
    `insert into public.${table} (${columns.join(", ")})
     select ${columns.join(", ")} from json_populate_record(null::public.${table}, $1::text::json)`,
    [JSON.stringify(row)],
  );
}
