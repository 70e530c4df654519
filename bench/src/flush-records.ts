import { createClock } from "../../packages/db/src/ledger/clock.ts";
import type { OperationIntent, OperationOutcome } from "../../packages/db/src/ledger/ledger-types.ts";
import { headOf, outcomeRow } from "../../packages/db/src/ledger/row.ts";
import { createUuidV7 } from "../../packages/db/src/ledger/uuidv7.ts";

/** As the flush sends them. */
const BATCH_BYTES = 512 * 1024;
export const CLIENTS = ["bench-1/service_role", "bench-1/anon", "bench-2/service_role", "bench-2/anon"] as const;
/** Each is a model, too. */
export const MODELS = Array.from({ length: 12 }, (_, at) => ({
  table: `table_${at}`,
  model_id: `0198c0de-0000-7000-8000-${String(at).padStart(12, "0")}`,
}));
const USERS = Array.from({ length: 200 }, (_, at) => `0198c0de-0000-7000-8001-${String(at).padStart(12, "0")}`);

/** What an operation is about; the rest of its record is the same in every mix. */
type About = Pick<
  OperationIntent,
  "client_id" | "operation_type" | "table_name" | "user_id" | "model_id" | "schema_version"
> &
  Pick<OperationOutcome, "status" | "error_message" | "execution_time_ms">;

/** All of one kind: the fewest totals to keep up. */
export const oneKind = (): About => ({
  client_id: CLIENTS[0],
  operation_type: "read",
  table_name: "airports",
  user_id: USERS[0] ?? null,
  model_id: null,
  schema_version: null,
  status: "success",
  error_message: null,
  execution_time_ms: 1,
});

/**
 * Four clients, 12 tables, five types, two versions of each model, 200 users, times taken from 1 ms to some hundred: the
 * most totals that are likely. Two of three operations of a batch are of a kind that no other in it has.
 */
export function manyKinds(): About {
  const model = MODELS[Math.floor(MODELS.length * Math.random() ** 2)];
  const kind = Math.random();
  const operation_type =
    kind < 0.8 ? "read" : kind < 0.9 ? "create" : kind < 0.97 ? "update" : kind < 0.99 ? "delete" : "real_time";
  const luck = Math.random();
  const [status, error_message]: [About["status"], string | null] =
    luck < 0.0005 ? ["timeout", "no answer"] : luck < 0.01 ? ["error", "duplicate key"] : ["success", null];
  // as times taken are spread: most near their middle, a few far above
  const spread = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return {
    client_id: pick(CLIENTS),
    operation_type,
    table_name: model?.table ?? "airports",
    user_id: pick(USERS),
    model_id: model?.model_id ?? null,
    schema_version: Math.random() < 0.7 ? "1.1.0" : "1.0.0",
    status,
    error_message,
    execution_time_ms: Math.max(1, Math.round(8 * Math.exp(0.6 * spread) * (operation_type === "read" ? 1 : 2))),
  };
}

function pick<T>(values: readonly [T, ...T[]] | readonly T[]): T {
  const value = values[Math.floor(values.length * Math.random())];
  if (value === undefined) throw new Error("there is nothing to pick from");
  return value;
}

const clock = createClock();
const nextId = createUuidV7();

/** Rows as the journal holds them, in batches as the flush sends them. */
export function makeBatches(rows: number, response_data: string, about: () => About): Buffer[][] {
  const batches: Buffer[][] = [];
  let batch: Buffer[] = [];
  let bytes = 0;
  for (let at = 0; at < rows; at++) {
    const begun = clock.start();
    const { status, error_message, execution_time_ms, ...intent } = about();
    const head = headOf({
      ...intent,
      operation_id: nextId(),
      created_at: begun.at,
      request_id: nextId(),
      session_id: null,
      query_data: null,
    });
    const outcome = { ...clock.since(begun), status, error_message, execution_time_ms, attempts: 1, response_data };
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
