import { z } from "zod";
import { clientIdSchema } from "./supabase-client.ts";
import {
  compareTimestamps,
  identifierSchema,
  nonEmptyText,
  pageLimitSchema,
  pageOf,
  requestIdSchema,
  semverSchema,
  storedJsonSchema,
  textSchema,
  timestampSchema,
  userIdSchema,
  uuidCursorSchema,
  uuidSchema,
  uuidv7Schema,
} from "./primitives.ts";

export const operationTypes = ["create", "read", "update", "delete", "real_time"] as const;
export const operationTypeSchema = z.enum(operationTypes, {
  error: "must be create, read, update, delete or real_time",
});

export const operationStatuses = ["pending", "success", "error", "timeout"] as const;
export const operationStatusSchema = z.enum(operationStatuses, { error: "must be pending, success, error or timeout" });

/** What a Postgres `integer` holds. */
const integerLimit = 2_147_483_647;

const wholeNumber = (least: number, message: string) =>
  z
    .int({ error: message })
    .min(least, { error: message })
    .max(integerLimit, { error: `must be at most ${integerLimit}` });

const columns = {
  operation_id: uuidSchema,
  client_id: clientIdSchema,
  operation_type: operationTypeSchema,
  table_name: identifierSchema,
  query_data: storedJsonSchema.nullable(),
  response_data: storedJsonSchema.nullable(),
  status: operationStatusSchema,
  error_message: textSchema.nullable(),
  execution_time_ms: wholeNumber(1, "must be a positive whole number of milliseconds").nullable(),
  created_at: timestampSchema,
  completed_at: timestampSchema.nullable(),
  user_id: userIdSchema.nullable(),
  request_id: requestIdSchema.nullable(),
  session_id: uuidSchema.nullable(),
  model_id: uuidSchema.nullable(),
  schema_version: semverSchema.nullable(),
  /** Requests sent for it; 0 when none left the process. */
  attempts: wholeNumber(0, "must be a whole number, 0 or more"),
};

/** A row of `database_operations` with the columns that the relationships need (data-model.md §2, decisions.md). */
export const databaseOperationSchema = z.object(columns).superRefine((row, context) => {
  if ((row.status === "pending") !== (row.completed_at === null)) {
    const message = "must be null while status is pending, and set once it is success, error or timeout";
    context.addIssue({ code: "custom", path: ["completed_at"], message });
  }
  if (row.completed_at !== null && compareTimestamps(row.completed_at, row.created_at) <= 0) {
    const message = "must be after created_at, by at least a microsecond";
    context.addIssue({ code: "custom", path: ["completed_at"], message });
  }
  if (row.status === "error" && row.error_message === null) {
    context.addIssue({ code: "custom", path: ["error_message"], message: "must say what failed when status is error" });
  }
});
export type DatabaseOperationRow = z.output<typeof databaseOperationSchema>;

/** An operation before its request leaves: always pending, so no outcome has a field (data-model.md §2, Initiated). */
export const databaseOperationCreateSchema = z.strictObject({
  operation_id: uuidv7Schema,
  client_id: clientIdSchema,
  operation_type: operationTypeSchema,
  table_name: identifierSchema,
  query_data: columns.query_data.default(null),
  created_at: timestampSchema,
  user_id: columns.user_id.default(null),
  request_id: columns.request_id.default(null),
  session_id: columns.session_id.default(null),
  model_id: columns.model_id.default(null),
  schema_version: columns.schema_version.default(null),
});
export type DatabaseOperationCreate = z.output<typeof databaseOperationCreateSchema>;

const outcome = {
  completed_at: timestampSchema,
  execution_time_ms: columns.execution_time_ms.unwrap(),
  attempts: columns.attempts,
};

/** The outcome of a pending operation (data-model.md §2, Success, Error, Timeout); `error` names what failed. */
export const databaseOperationUpdateSchema = z.discriminatedUnion(
  "status",
  [
    z.strictObject({ ...outcome, status: z.literal("success"), response_data: columns.response_data }),
    z.strictObject({
      ...outcome,
      status: z.literal("error"),
      error_message: nonEmptyText(10_000),
      response_data: columns.response_data.default(null),
    }),
    z.strictObject({ ...outcome, status: z.literal("timeout"), error_message: columns.error_message.default(null) }),
  ],
  { error: "must be success, error or timeout: pending is where an operation begins" },
);
export type DatabaseOperationUpdate = z.output<typeof databaseOperationUpdateSchema>;

const milliseconds = wholeNumber(1, "must be a positive whole number of milliseconds");

const filterFields = {
  client_id: clientIdSchema.optional(),
  operation_type: operationTypeSchema.optional(),
  table_name: identifierSchema.optional(),
  status: operationStatusSchema.optional(),
  user_id: userIdSchema.optional(),
  request_id: requestIdSchema.optional(),
  session_id: uuidSchema.optional(),
  model_id: uuidSchema.optional(),
  /** The model's version that it ran under, exactly. */
  schema_version: semverSchema.optional(),
  created_from: timestampSchema.optional(),
  created_before: timestampSchema.optional(),
  min_execution_time_ms: milliseconds.optional(),
  max_execution_time_ms: milliseconds.optional(),
  min_attempts: columns.attempts.optional(),
  /** A part of error_message as it stands, in upper or lower case; no character has a meaning of its own. */
  error_text: nonEmptyText(200).optional(),
};

interface Ranges {
  readonly created_from?: string | undefined;
  readonly created_before?: string | undefined;
  readonly min_execution_time_ms?: number | undefined;
  readonly max_execution_time_ms?: number | undefined;
}

function refuseEmptyRanges(filter: Ranges, context: z.RefinementCtx): void {
  if (!isRange(filter.created_from, filter.created_before)) {
    const message = "must be after created_from, or the range is empty";
    context.addIssue({ code: "custom", path: ["created_before"], message });
  }
  const { min_execution_time_ms: least = 1, max_execution_time_ms: most = integerLimit } = filter;
  if (least > most) {
    const message = "must not be below min_execution_time_ms, or the range is empty";
    context.addIssue({ code: "custom", path: ["max_execution_time_ms"], message });
  }
}

/** Operations by every indexed field, newest first; the range is created_from ≤ created_at < created_before. */
export const databaseOperationFilterSchema = z
  .strictObject({
    ...filterFields,
    /** The last operation_id of the page before: a UUIDv7, so the order of ids is the order of time. */
    cursor: uuidCursorSchema.optional(),
    limit: pageLimitSchema,
  })
  .superRefine(refuseEmptyRanges);
export type DatabaseOperationFilter = z.output<typeof databaseOperationFilterSchema>;

/** A number as a URL carries it, or as it is. */
const digits = z.union(
  [
    z
      .string()
      .regex(/^\d{1,10}$/)
      .transform(Number),
    z.int(),
  ],
  { error: "must be a whole number" },
);

/** The query of an export: the filter of a list as a URL carries it, all pages, in one of two forms. */
export const databaseOperationExportSchema = z
  .strictObject({
    ...filterFields,
    min_execution_time_ms: digits.pipe(milliseconds).optional(),
    max_execution_time_ms: digits.pipe(milliseconds).optional(),
    min_attempts: digits.pipe(columns.attempts).optional(),
    format: z.enum(["ndjson", "csv"], { error: "must be ndjson or csv" }).default("ndjson"),
  })
  .superRefine(refuseEmptyRanges);
export type DatabaseOperationExport = z.output<typeof databaseOperationExportSchema>;

function isRange(from: string | undefined, before: string | undefined): boolean {
  return from === undefined || before === undefined || compareTimestamps(from, before) < 0;
}

/** An operation as procedures show it. Bodies were redacted before they were stored. */
export const databaseOperationOutputSchema = z.object(columns);
export type DatabaseOperationOutput = z.output<typeof databaseOperationOutputSchema>;

export const databaseOperationPageSchema = pageOf(databaseOperationOutputSchema);

/** Most siblings that come along with one operation. */
export const siblingLimit = 50;

/** Another operation of the same request, without its bodies. */
export const siblingOperationSchema = databaseOperationOutputSchema.omit({ query_data: true, response_data: true });
export type SiblingOperation = z.output<typeof siblingOperationSchema>;

/** One operation, and what else its request did. */
export const databaseOperationDetailSchema = databaseOperationOutputSchema.extend({
  /** Other operations of the same request_id, in the order of time, at most 50: the nearest in time. */
  siblings: z.array(siblingOperationSchema).max(siblingLimit),
  /** Whether the request did more than is shown; `operations.list` by request_id has all. */
  more_siblings: z.boolean(),
});
export type DatabaseOperationDetail = z.output<typeof databaseOperationDetailSchema>;

/** Asks for one operation. */
export const databaseOperationKeySchema = z.strictObject({ operation_id: uuidSchema });
