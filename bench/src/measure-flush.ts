import { start } from "@waybill/local-supabase";
import postgres, { type Sql } from "postgres";
import { createUploader } from "../../packages/db/src/ledger/flush/upload.ts";
import { createClock } from "../../packages/db/src/ledger/clock.ts";
import { headOf, outcomeRow } from "../../packages/db/src/ledger/row.ts";
import { createUuidV7 } from "../../packages/db/src/ledger/uuidv7.ts";
import { type Spread, spread } from "./paired.ts";

/** Rows a second into PostgreSQL; by SQL alone, and the whole way over HTTP through the embedded stack's Data API. */
export interface FlushFigures {
  readonly postgres: string;
  readonly small: Spread;
  readonly withResponses: Spread;
  readonly overHttp: Spread;
}

const CLIENT = "bench/service_role";
/** As the flush sends them. */
const BATCH_BYTES = 512 * 1024;
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
    await sql`insert into supabase_clients (client_id, supabase_url, supabase_key, client_type, connection_status)
      values (${CLIENT}, 'https://x.supabase.co', ${`v1:bench:${"x".repeat(40)}`}, 'service_role', 'connected')`;
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
      small: await rate(sql, rounds, rowsARound, "null", bySql),
      withResponses: await rate(sql, rounds, rowsARound, RESPONSE, bySql),
      overHttp: await rate(sql, rounds, rowsARound, "null", byHttp),
    };
  } finally {
    await uploader.close();
    await sql.end({ timeout: 5 });
  }
}

async function rate(
  sql: Sql,
  rounds: number,
  rows: number,
  response: string,
  send: (batch: readonly Buffer[]) => Promise<void>,
): Promise<Spread> {
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const batches = makeBatches(rows, response);
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

const clock = createClock();
const nextId = createUuidV7();

function makeBatches(rows: number, response_data: string): Buffer[][] {
  const batches: Buffer[][] = [];
  let batch: Buffer[] = [];
  let bytes = 0;
  for (let at = 0; at < rows; at++) {
    const begun = clock.start();
    const head = headOf({
      operation_id: nextId(),
      client_id: CLIENT,
      operation_type: "read",
      table_name: "airports",
      created_at: begun.at,
      user_id: "0198c0de-0000-7000-8000-000000000001",
      request_id: nextId(),
      session_id: null,
      model_id: null,
      schema_version: null,
      query_data: null,
    });
    const outcome = {
      status: "success",
      ...clock.since(begun),
      attempts: 1,
      error_message: null,
      response_data,
    } as const;
    const row = Buffer.from(outcomeRow(head, '{"select":"*"}', outcome));
    if (bytes + row.length > BATCH_BYTES) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(row);
    bytes += row.length;
  }
  batches.push(batch);
  return batches;
}
