import { createClock } from "../clock.ts";
import type { Ledger, OperationIntent, OperationOutcome } from "../ledger-types.ts";
import { createUuidV7 } from "../uuidv7.ts";

const clock = createClock();
const nextId = createUuidV7();

export const CLIENT = "test/service_role";

export function sampleIntent(given: Partial<OperationIntent> = {}): OperationIntent {
  return {
    operation_id: nextId(),
    client_id: CLIENT,
    operation_type: "read",
    table_name: "airports",
    created_at: clock.start().at,
    user_id: null,
    request_id: null,
    session_id: null,
    model_id: null,
    schema_version: null,
    query_data: '{"select":"*"}',
    ...given,
  };
}

export function sampleOutcome(given: Partial<OperationOutcome> = {}): OperationOutcome {
  return {
    status: "success",
    ...clock.since(clock.start()),
    attempts: 1,
    error_message: null,
    response_data: '[{"id":1}]',
    ...given,
  };
}

/** Begins an operation, waits for its intent and settles it; answers its identifier. */
export async function record(
  ledger: Ledger,
  intent: Partial<OperationIntent> = {},
  outcome: Partial<OperationOutcome> = {},
): Promise<string> {
  const whole = sampleIntent(intent);
  const operation = ledger.begin(whole);
  await operation.written;
  operation.settle(sampleOutcome(outcome));
  return whole.operation_id;
}
