import { z } from "zod";

/** Every code that a caller can meet, once. */
export const errorCodes = [
  "ILLEGAL_TRANSITION",
  "VALIDATION_FAILED",
  "MALFORMED_REQUEST",
  "PAYLOAD_TOO_LARGE",
  "UNAUTHENTICATED",
  "TOKEN_INVALID",
  "TOKEN_UNSIGNED",
  "TOKEN_ALGORITHM",
  "TOKEN_FORGED",
  "TOKEN_FOREIGN",
  "CLOCK_SKEW",
  "CSRF_REFUSED",
  "SESSION_EXPIRED",
  "SESSION_OVER",
  "INVALID_CREDENTIALS",
  "CODE_INVALID",
  "FORBIDDEN",
  "RLS_DENIED",
  "NOT_FOUND",
  "UNKNOWN_MODEL",
  "UNKNOWN_TABLE",
  "UNKNOWN_COLUMN",
  "MODEL_INACTIVE",
  "MODEL_EXISTS",
  "VERSION_TOO_LOW",
  "VERSION_CONFLICT",
  "SCHEMA_INVALID",
  "RENAME_UNKNOWN",
  "CHANGE_UNSUPPORTED",
  "ROWS_DO_NOT_FIT",
  "PLAN_FAILED",
  "PROOF_FAILED",
  "PLAN_CHANGED",
  "SCHEMA_DRIFTED",
  "CONFIRMATION_NEEDED",
  "NOT_APPLIED",
  "DROPPED_DATA_PURGED",
  "MIGRATION_BUSY",
  "MIGRATION_TIMEOUT",
  "MIGRATION_IN_DOUBT",
  "DATABASE_UNREACHABLE",
  "DATABASE_URL_MISSING",
  "SCRATCH_BUSY",
  "UNIQUE_VIOLATION",
  "FOREIGN_KEY_VIOLATION",
  "NOT_NULL_VIOLATION",
  "CHECK_VIOLATION",
  "INVALID_VALUE",
  "CONFLICT",
  "IDEMPOTENCY_CONFLICT",
  "RATE_LIMITED",
  "OPERATION_TIMEOUT",
  "OUTCOME_UNKNOWN",
  "CLIENT_DISCONNECTED",
  "TRANSPORT_BUSY",
  "SUPABASE_UNREACHABLE",
  "SUPABASE_ERROR",
  "LEDGER_FULL",
  "SHUTTING_DOWN",
  "ENVIRONMENT_INVALID",
  "INTERNAL",
] as const;
export type ErrorCode = (typeof errorCodes)[number];
export const errorCodeSchema = z.enum(errorCodes);

/** What happened, and what to do about it, for each code. */
export const errorCatalog: { readonly [Code in ErrorCode]: { readonly description: string; readonly remedy: string } } =
  {
    ILLEGAL_TRANSITION: {
      description: "The entity's state does not allow this event.",
      remedy: "Read the entity's state again and choose an event that fits it.",
    },
    VALIDATION_FAILED: {
      description: "A value breaks a rule of its schema.",
      remedy: "Correct the fields named in issues.",
    },
    MALFORMED_REQUEST: {
      description: "The request could not be read.",
      remedy: "Send valid JSON in UTF-8, as the procedure's input asks.",
    },
    PAYLOAD_TOO_LARGE: {
      description: "The request is larger than the server takes.",
      remedy: "Send less at once, for example fewer rows a call.",
    },
    UNAUTHENTICATED: {
      description: "The call needs a signed-in caller.",
      remedy: "Sign in and send the session token.",
    },
    TOKEN_INVALID: {
      description: "The token cannot be read, or is no user's.",
      remedy: "Sign in again and send the new token.",
    },
    TOKEN_UNSIGNED: {
      description: "The token says of itself that nobody signed it (alg none).",
      remedy: "Send the access token as Supabase Auth gave it.",
    },
    TOKEN_ALGORITHM: {
      description: "The token is signed in a way that this project does not use.",
      remedy: "Send the access token as Supabase Auth gave it; an HS256 project needs SUPABASE_JWT_SECRET here.",
    },
    TOKEN_FORGED: {
      description: "The token's signature is not by a key of this project.",
      remedy: "Sign in again; the operator should look for a key of the project that was rotated.",
    },
    TOKEN_FOREIGN: {
      description: "The token was issued by another Supabase project.",
      remedy: "Sign in at this server's project; its operator names another issuer by SUPABASE_JWT_ISSUER.",
    },
    CLOCK_SKEW: {
      description: "The token's times do not fit this server's clock.",
      remedy: "Ask the operator to set the clocks of this server and of Supabase by NTP, then try again.",
    },
    CSRF_REFUSED: {
      description: "The session's cookie came with a request that may not be its user's.",
      remedy:
        "Call from an allowed origin with the header x-waybill-csrf: 1; programs send the session token as Bearer.",
    },
    SESSION_EXPIRED: {
      description: "The session is past its expiry.",
      remedy: "Refresh the session, or sign in again.",
    },
    SESSION_OVER: {
      description: "The session was ended and cannot be refreshed.",
      remedy: "Sign in again.",
    },
    INVALID_CREDENTIALS: {
      description: "E-mail and password do not match an account.",
      remedy: "Check both and try again.",
    },
    CODE_INVALID: {
      description: "The code is wrong, was used already, or is too old.",
      remedy: "Begin again: ask for a new code by sessions.requestCode, or for a new address by sessions.oauthUrl.",
    },
    FORBIDDEN: {
      description: "The caller's role does not allow this.",
      remedy: "Ask an administrator for the role that the procedure needs.",
    },
    RLS_DENIED: {
      description: "A Row Level Security policy refused the row.",
      remedy: "Write rows that are your own, or ask for a policy that allows it.",
    },
    NOT_FOUND: {
      description: "There is no such thing, or the caller may not see it.",
      remedy: "Check the key.",
    },
    UNKNOWN_MODEL: {
      description: "No data model has this name.",
      remedy: "List the models, or create this one first.",
    },
    UNKNOWN_TABLE: {
      description: "The database has no such table or function.",
      remedy: "Create it by a migration, or correct the name.",
    },
    UNKNOWN_COLUMN: {
      description: "The table has no such column.",
      remedy: "Use the model's columns, or raise the model's version to add it.",
    },
    MODEL_INACTIVE: {
      description: "The data model is deprecated and takes no new operation.",
      remedy: "Use its successor, or reactivate it.",
    },
    MODEL_EXISTS: {
      description: "A model of this name, or an active one on this table, exists already.",
      remedy: "Update that one, or choose another name.",
    },
    VERSION_TOO_LOW: {
      description: "The new schema version does not fit the change.",
      remedy: "Use at least the version named in the message.",
    },
    VERSION_CONFLICT: {
      description: "Somebody else changed it first.",
      remedy: "Read the current version and apply the change to that.",
    },
    SCHEMA_INVALID: {
      description: "Postgres refuses the table that the model asks for.",
      remedy: "Correct the model; the message has the reason.",
    },
    RENAME_UNKNOWN: {
      description: "A rename names what is not there.",
      remedy: "A rename leads from a name of the version before only to one of the version after only.",
    },
    CHANGE_UNSUPPORTED: {
      description: "The change needs what the planner does not do.",
      remedy: "Make it in smaller steps, or by a migration of your own.",
    },
    ROWS_DO_NOT_FIT: {
      description: "Rows that are there do not fit the new schema.",
      remedy: "Correct the rows, or the model; issues has their number and the key of one.",
    },
    PLAN_FAILED: {
      description: "A statement of the plan fails, or they end elsewhere.",
      remedy: "Make the change in smaller steps; nothing was changed.",
    },
    PROOF_FAILED: {
      description: "The plan did not stand its proof on the scratch database.",
      remedy: "Make the change in smaller steps, and report it: nothing was changed.",
    },
    PLAN_CHANGED: {
      description: "The plan is not the one that was made.",
      remedy: "Plan the change anew.",
    },
    SCHEMA_DRIFTED: {
      description: "The tables are not as they were when this was planned, or not as their models say.",
      remedy: "Look at issues, and plan anew: from the tables as they are with from_table: true.",
    },
    CONFIRMATION_NEEDED: {
      description: "The change drops data.",
      remedy: "Read what is lost, and send confirm_destructive: true.",
    },
    NOT_APPLIED: {
      description: "There is no such change to be made or taken back.",
      remedy: "Look into models.migrations, which lists the plans and what became of them.",
    },
    DROPPED_DATA_PURGED: {
      description: "What the way back would restore has been purged.",
      remedy: "Plan a change to the earlier version instead.",
    },
    MIGRATION_BUSY: {
      description: "Somebody else holds a lock that the change needs.",
      remedy: "Try again at a quieter hour; nothing was changed.",
    },
    MIGRATION_TIMEOUT: {
      description: "A step of the change took too long.",
      remedy: "Try again at a quieter hour, or with fewer sample_rows; nothing was changed.",
    },
    MIGRATION_IN_DOUBT: {
      description: "The connection broke while the change was committed.",
      remedy: "Make the same call again: what stands is not made twice, and NOT_APPLIED says that it was taken back.",
    },
    DATABASE_UNREACHABLE: {
      description: "The database itself cannot be reached.",
      remedy: "Ask the operator to look at SUPABASE_DB_URL and at the database; nothing was changed.",
    },
    DATABASE_URL_MISSING: {
      description: "This server has no connection to the database itself, only to its Data API.",
      remedy: "Ask the operator to set SUPABASE_DB_URL, or run the SQL that models.plan gives in run_by_hand.",
    },
    SCRATCH_BUSY: {
      description: "Too many plans are being made, or there is no scratch database to make them on.",
      remedy: "Try again in a minute.",
    },
    UNIQUE_VIOLATION: {
      description: "A row with this value exists already.",
      remedy: "Choose another value, or update that row.",
    },
    FOREIGN_KEY_VIOLATION: {
      description: "The row refers to a row that is not there, or is still referred to.",
      remedy: "Create what it refers to first, or remove what refers to it.",
    },
    NOT_NULL_VIOLATION: {
      description: "A column that must have a value has none.",
      remedy: "Give the column a value.",
    },
    CHECK_VIOLATION: {
      description: "A value breaks a check of the table.",
      remedy: "Give a value that the check allows.",
    },
    INVALID_VALUE: {
      description: "A value does not fit its column's type.",
      remedy: "Send a value of the column's type.",
    },
    CONFLICT: {
      description: "The call met another one at the same rows.",
      remedy: "Read the rows again and repeat the call.",
    },
    IDEMPOTENCY_CONFLICT: {
      description: "This idempotency key came with another input before.",
      remedy: "Send the same input as with the first call, or choose a new key for a new write.",
    },
    RATE_LIMITED: {
      description: "Too many calls in a short time.",
      remedy: "Wait a moment, then try again, with fewer calls at once.",
    },
    OPERATION_TIMEOUT: {
      description: "The operation did not end within its time.",
      remedy: "Try again, with a narrower query if it persists.",
    },
    OUTCOME_UNKNOWN: {
      description: "The process ended before it learned what became of the request.",
      remedy: "Look whether the change is there before repeating it.",
    },
    CLIENT_DISCONNECTED: {
      description: "The connection to Supabase is out of use.",
      remedy: "Wait until it is back, or reconnect it with clients.reconnect.",
    },
    TRANSPORT_BUSY: {
      description: "As many calls to Supabase are under way and waiting as there may be.",
      remedy: "Send fewer at once, or try again in a moment.",
    },
    SUPABASE_UNREACHABLE: {
      description: "Supabase did not answer.",
      remedy: "Check SUPABASE_URL and the network; it is tried again.",
    },
    SUPABASE_ERROR: {
      description: "Supabase answered with an error that has no code of its own here.",
      remedy: "See the operation's record for its message.",
    },
    LEDGER_FULL: {
      description: "The journal is at its limit, so no operation can be recorded.",
      remedy: "Let the database catch up, or give the journal more room.",
    },
    SHUTTING_DOWN: {
      description: "The server is stopping.",
      remedy: "Try again in a moment, or at another instance.",
    },
    ENVIRONMENT_INVALID: {
      description: "A setting is missing or wrong.",
      remedy: "Set the variables named in the message.",
    },
    INTERNAL: {
      description: "Something went wrong in Waybill itself.",
      remedy: "Report it with the request id.",
    },
  };

/** What refused a value: the model's JSON Schema, one of its rules, or Postgres itself. */
export const issueLayers = ["schema", "rule", "database"] as const;
export type IssueLayer = (typeof issueLayers)[number];

/**
 * One broken rule: the field as a path (`rows.3.iata`), the rule's name, what is wrong in plain words, and for a row's
 * values the layer that refused them.
 */
export const errorIssueSchema = z.object({
  field: z.string(),
  rule: z.string(),
  message: z.string(),
  layer: z.enum(issueLayers).optional(),
});
export type ErrorIssue = z.output<typeof errorIssueSchema>;

/** What a caller learns of an error: never a stack, SQL text or a secret (decisions.md, Errors). */
export const errorDataSchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  hint: z.string(),
  operation_id: z.string().nullable(),
  request_id: z.string().nullable(),
  issues: z.array(errorIssueSchema).optional(),
});
export type ErrorData = z.output<typeof errorDataSchema>;
