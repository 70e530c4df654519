import { codeOf } from "../../errors.ts";

/** What Postgres says of a failed statement; other errors of lite have no `code`. */
interface DatabaseError {
  code?: unknown;
  message?: unknown;
  detail?: unknown;
  hint?: unknown;
}

// The statuses of PostgREST ("Errors", table "HTTP status codes"), by SQLSTATE or its first two characters.
const statusOfState: Record<string, number> = {
  "42P17": 500,
  "53400": 500,
  P0001: 400,
};
const statusOfClass: Record<string, number> = {
  "08": 503,
  "09": 500,
  "0L": 403,
  "0P": 403,
  "25": 500,
  "28": 403,
  "2D": 500,
  "38": 500,
  "39": 500,
  "3B": 500,
  "40": 500,
  "53": 503,
  "54": 500,
  "55": 500,
  "57": 500,
  "58": 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
};

// lite answers these as PostgREST does, some with a wording that needs the request.
const answeredByLite = /^(?:PT...|PGRST.*|42501|42P01|42703|42883|23505|23503|25006)$/;

/** Of postgres.js and of Node's sockets: the connection ended before the answer came, or there was none to be had. */
const lostConnection = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
]);

/** Postgres is ending this connection, or does not take one yet. */
const endingConnection = /^57P0[123]$/;

/**
 * Answers what lite would answer with 500 and code `SUP` (check violations, raised exceptions, timeouts…)
 * with PostgREST's status and the SQLSTATE. Written as the error that a function raises to choose its own
 * answer (SQLSTATE `PGRST`), which lite does understand.
 */
export function asPostgrestError(error: unknown): unknown {
  if (!isDatabaseError(error) || typeof error.code !== "string") return error;
  if (error.code === "PGRST003") return raised(504, error);
  if (lostConnection.has(error.code)) return raised(503, connectionLost);
  if (!/^[0-9A-Z]{5}$/.test(error.code) || answeredByLite.test(error.code)) return error;
  if (endingConnection.test(error.code)) return raised(503, error);
  return raised(statusOfState[error.code] ?? statusOfClass[error.code.slice(0, 2)] ?? 400, error);
}

/** Whether the connection ended under a statement, or could not be had; there will be another soon. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return lostConnection.has(code) || endingConnection.test(code);
}

const connectionLost = {
  code: "PGRST001",
  message: "The connection to the database was lost. What the request wrote may or may not be kept.",
  hint: "Look whether it is there, or send again what may be done twice.",
};

function isDatabaseError(error: unknown): error is DatabaseError {
  return typeof error === "object" && error !== null && "code" in error;
}

function raised(status: number, { code, message, detail, hint }: DatabaseError): unknown {
  return {
    code: "PGRST",
    message: JSON.stringify({ code, message: String(message), details: detail ?? null, hint: hint ?? null }),
    detail: JSON.stringify({ status, headers: {} }),
  };
}
