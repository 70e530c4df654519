/**
 * `error.type` of the semantic conventions: the code that an error message begins with, which is SQLSTATE, PostgREST's,
 * Auth's, the network's, or an HTTP status.
 */
export function errorTypeOf({
  status,
  error_message,
}: {
  readonly status: string;
  readonly error_message: string | null;
}): string {
  if (status === "timeout") return "timeout";
  const [, http, code] = /^(?:HTTP (\d{3})\b|([A-Za-z0-9_]{3,60}):)/.exec(error_message ?? "") ?? [];
  return http ?? code ?? "_OTHER";
}
