import { start } from "@waybill/local-supabase";
import postgres, { type Sql } from "postgres";
import { createUploader } from "../../packages/db/src/ledger/flush/upload.ts";
import { CLIENTS, makeBatches, manyKinds, MODELS, oneKind } from "./flush-records.ts";
import { type Spread, spread } from "./paired.ts";

/** Rows a second into PostgreSQL; by SQL alone, and the whole way over HTTP through the embedded stack's Data API. */
export interface FlushFigures {
  readonly postgres: string;
  readonly small: Spread;
  readonly withResponses: Spread;
  /** Small records and those with responses, of many clients, tables, users and times taken. */
  readonly manyKinds: Spread;
  readonly manyKindsWithResponses: Spread;
  readonly overHttp: Spread;
}

const IN_FLIGHT = 2;
const RESPONSE = JSON.stringify(
  Array.from({ length: 10 }, (_, id) => ({
    id,
    iata: "LAX",
    name: "Los Angeles International",
    note: "x".repeat(100),
  })),
);

export async function measureFlush(rounds: number, rowsARound: number): Promise<FlushFigures> {
  await using stack = await start({ engine: "native", seed: false });
  const sql = postgres(stack.dbUrl, { max: IN_FLIGHT, onnotice: () => undefined });
  const { url, secretKey, ca } = stack;
  const uploader = createUploader({ url, secretKey, ca, attemptTimeoutMs: 60_000, uploads: IN_FLIGHT });
  try {
    const [{ version } = { version: "PostgreSQL" }] = await sql<{ version: string }[]>`select version()`;
    for (const client_id of CLIENTS) {
      await sql`insert into supabase_clients (client_id, supabase_url, supabase_key, client_type) values
        (${client_id}, 'https://x.supabase.co', ${`v1:bench:${"x".repeat(40)}`}, split_part(${client_id}, '/', 2))`;
    }
    for (const { table, model_id } of MODELS) {
      await sql`insert into data_models (model_id, model_name, table_name, schema_version, fields, created_by) values
        (${model_id}, ${table}, ${table}, '1.1.0', '{"type": "object", "properties": {"id": {}}}', 'bench')`;
    }
    const bySql = async (batch: readonly Buffer[]): Promise<void> => {
      const operations = `[${batch.join(",")}]`;
      const [counts] = await sql<{ inserted: number }[]>`
        select (record_operations(${operations}::text::jsonb) ->> 'inserted')::integer as inserted`;
      if (counts?.inserted !== batch.length) throw new Error(`record_operations inserted ${counts?.inserted} rows`);
    };
    const byHttp = async (batch: readonly Buffer[]): Promise<void> => {
      const result = await uploader.send(batch, new AbortController().signal);
      if (result.kind !== "stored") throw new Error(`the upload was ${result.kind}: ${result.reason}`);
    };
    return {
      postgres: version.split(" ", 2).join(" "),
      small: await rate(sql, rounds, () => makeBatches(rowsARound, "null", oneKind), bySql),
      withResponses: await rate(sql, rounds, () => makeBatches(rowsARound, RESPONSE, oneKind), bySql),
      manyKinds: await rate(sql, rounds, () => makeBatches(rowsARound, "null", manyKinds), bySql),
      manyKindsWithResponses: await rate(sql, rounds, () => makeBatches(rowsARound, RESPONSE, manyKinds), bySql),
      overHttp: await rate(sql, rounds, () => makeBatches(rowsARound, "null", oneKind), byHttp),
    };
  } finally {
    await uploader.close();
    await sql.end({ timeout: 5 });
  }
}

async function rate(
  sql: Sql,
  rounds: number,
  make: () => Buffer[][],
  send: (batch: readonly Buffer[]) => Promise<void>,
): Promise<Spread> {
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const batches = make();
    const rows = batches.reduce((sum, batch) => sum + batch.length, 0);
    const begun = performance.now();
    const worker = async (): Promise<void> => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) await send(batch);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    const seconds = (performance.now() - begun) / 1000;
    // the first fills caches and plans
    if (round >= 0) rates.push(rows / seconds);
  }
  await sql`truncate database_operations`;
  return spread(rates);
}
