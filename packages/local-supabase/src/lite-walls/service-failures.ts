import { AsyncLocalStorage } from "node:async_hooks";
import { codeOf, messageOf } from "../errors.ts";
import { isConnectionLost } from "./data/errors.ts";

/** The error behind an answer of Auth or Storage that says nothing of it. */
const failed = new AsyncLocalStorage<{ error?: Error }>();

/** lite prints the error for which Auth and Storage answer 500, and tells it nowhere else. */
export function noteFailure(printed: readonly unknown[]): void {
  const noted = failed.getStore();
  const error = printed.find((part) => part instanceof Error);
  if (noted && error) noted.error = error;
}

/**
 * lite answers 500 to every error of Postgres below Auth and Storage. A value that Postgres cannot hold, such as a NUL
 * in text, is the caller's fault, and a lost connection nobody's: he may try again.
 */
export async function withCause(service: "auth" | "storage", handle: () => Promise<Response>): Promise<Response> {
  const noted: { error?: Error } = {};
  const response = await failed.run(noted, handle);
  if (response.status !== 500 || noted.error === undefined) return response;
  if (codeOf(noted.error)?.startsWith("22")) {
    return failure(service, 400, { auth: "validation_failed", storage: "InvalidRequest" }, messageOf(noted.error));
  }
  if (isConnectionLost(noted.error)) {
    const names = { auth: "unexpected_failure", storage: "ServiceUnavailable" };
    return failure(service, 503, names, "The connection to the database was lost; try again.");
  }
  return response;
}

/** In the form of GoTrue, or of Storage. */
function failure(
  service: "auth" | "storage",
  status: number,
  names: Record<"auth" | "storage", string>,
  message: string,
): Response {
  const name = names[service];
  if (service === "storage") return Response.json({ statusCode: String(status), error: name, message }, { status });
  const headers = { "x-sb-error-code": name };
  return Response.json({ code: status, error_code: name, msg: message }, { status, headers });
}
