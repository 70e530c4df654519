import type { DatabaseOperationFilter } from "@waybill/contracts";

/**
 * How far the milliseconds of an operation_id may lie from created_at in a row of the main list; the views
 * `…_out_of_step` (migration operations_in_time) hold all others.
 */
const stepMs = 60_000;

/** The largest time that the 48 bits of a UUIDv7 hold. */
const largestMs = 2 ** 48 - 1;

export interface IdBounds {
  readonly from?: string;
  readonly before?: string;
}

type Condition = readonly [column: string, operator: "eq" | "gte" | "lte" | "lt" | "imatch", value: string | number];

/**
 * A range of created_at as bounds of operation_id: `from` ≤ operation_id < `before` holds for every row of the range whose
 * id is in step with its time.
 */
export function idBounds({
  created_from,
  created_before,
}: Pick<DatabaseOperationFilter, "created_from" | "created_before">): IdBounds {
  return {
    // a millisecond more, for Date knows no microseconds
    ...(created_from === undefined ? {} : { from: leastId(Date.parse(created_from) - stepMs - 1) }),
    ...(created_before === undefined ? {} : { before: leastId(Date.parse(created_before) + stepMs + 2) }),
  };
}

const dayMs = 86_400_000;

/**
 * The bounds in two parts, to be read one after the other: the newest day behind `cursor`, and what is older. A statement
 * over all partitions takes several times longer to plan than fifty rows take to read, and most pages end within a day.
 */
export function newestDayFirst({ from, before }: IdBounds, cursor: string | undefined, now: number): IdBounds[] {
  const end = endingAt(boundsOf(undefined, before), cursor).before;
  // without an end the first part has no upper bound: ids may be ahead of the clock
  const day = leastId((end === undefined ? now : millisecondsOf(end)) - dayMs);
  if (from !== undefined && from >= day) return [boundsOf(from, before)];
  return [boundsOf(day, before), boundsOf(from, day)];
}

/** The bounds with one end, the nearer one: the embedded Data API heeds only the last of two conditions of a kind. */
export function endingAt({ from, before }: IdBounds, cursor: string | undefined): IdBounds {
  const [end] = [cursor?.toLowerCase(), before].filter((id) => id !== undefined).sort();
  return boundsOf(from, end);
}

const boundsOf = (from: string | undefined, before: string | undefined): IdBounds => ({
  ...(from === undefined ? {} : { from }),
  ...(before === undefined ? {} : { before }),
});

function millisecondsOf(id: string): number {
  return Number.parseInt(id.replace("-", "").slice(0, 12), 16);
}

function leastId(milliseconds: number): string {
  const hex = Math.min(Math.max(milliseconds, 0), largestMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Fields of the filter as the Data API takes them. */
const operators = {
  client_id: ["client_id", "eq"],
  operation_type: ["operation_type", "eq"],
  table_name: ["table_name", "eq"],
  status: ["status", "eq"],
  user_id: ["user_id", "eq"],
  request_id: ["request_id", "eq"],
  session_id: ["session_id", "eq"],
  model_id: ["model_id", "eq"],
  schema_version: ["schema_version", "eq"],
  created_from: ["created_at", "gte"],
  created_before: ["created_at", "lt"],
  min_execution_time_ms: ["execution_time_ms", "gte"],
  max_execution_time_ms: ["execution_time_ms", "lte"],
  min_attempts: ["attempts", "gte"],
  // not ilike: the Data API reads * there as a wildcard, which cannot be escaped
  error_text: ["error_message", "imatch"],
} as const satisfies Record<
  Exclude<keyof DatabaseOperationFilter, "cursor" | "limit">,
  readonly [string, Condition[1]]
>;

/** What a row must fulfil; the page's cursor comes on top. */
export function conditions(filter: DatabaseOperationFilter, { from, before }: IdBounds): Condition[] {
  const values: Readonly<Record<string, string | number | undefined>> = filter;
  const found: Condition[] = [];
  if (from !== undefined) found.push(["operation_id", "gte", from]);
  if (before !== undefined) found.push(["operation_id", "lt", before]);
  for (const [field, [column, operator]] of Object.entries(operators)) {
    const value = values[field];
    if (value === undefined) continue;
    found.push([column, operator, operator === "imatch" ? literally(String(value)) : value]);
  }
  return found;
}

/** The text as a regular expression for itself. */
function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
