/** What JSON writes as it stands: visible ASCII without quote and backslash. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A text as a JSON string that PostgreSQL takes, into `jsonb` and `text`: neither NUL nor half of a surrogate pair. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text.replaceAll("\0", "\uFFFD").toWellFormed());
}
