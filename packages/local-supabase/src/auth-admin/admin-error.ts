import { codeOf, messageOf } from "../errors.ts";
import { isConnectionLost } from "../lite-walls/data/errors.ts";

/** An answer that is an error, in GoTrue's form: `code` is the HTTP status, `error_code` is stable. */
export class AdminError extends Error {
  override readonly name = "AdminError";
  readonly status: number;
  readonly errorCode: string;

  constructor(status: number, errorCode: string, message: string) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }

  toResponse(): Response {
    return Response.json(
      { code: this.status, error_code: this.errorCode, msg: this.message },
      { status: this.status, headers: { "x-sb-error-code": this.errorCode } },
    );
  }
}

export const emailExists = (): AdminError =>
  new AdminError(422, "email_exists", "A user with this email address has already been registered");
export const phoneExists = (): AdminError =>
  new AdminError(422, "phone_exists", "A user with this phone number has already been registered");
export const userNotFound = (message = "User not found"): AdminError => new AdminError(404, "user_not_found", message);
export const validationFailed = (message: string, status = 400): AdminError =>
  new AdminError(status, "validation_failed", message);

/** Whatever was thrown, as an answer; what the caller cannot know stands in the log. */
export function toAdminError(thrown: unknown): AdminError {
  if (thrown instanceof AdminError) return thrown;
  // SQLSTATE class 22: a value that Postgres cannot hold, such as a NUL in text.
  if (codeOf(thrown)?.startsWith("22")) return validationFailed(messageOf(thrown));
  if (isConnectionLost(thrown)) {
    return new AdminError(503, "unexpected_failure", "The connection to the database was lost; try again.");
  }
  console.error("Auth admin error:", thrown);
  return new AdminError(500, "unexpected_failure", "The request failed inside of the stack; its log says why");
}
