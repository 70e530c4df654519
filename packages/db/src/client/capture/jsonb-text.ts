/** JSON text that a journal line and a `jsonb` column both take. */
export interface JsonbText {
  readonly text: string;
  /** Whether characters that `jsonb` refuses (NUL, half of a surrogate pair) were replaced by U+FFFD. */
  readonly replaced: boolean;
}

const ESCAPES = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u([\da-fA-F]{4})|.)/g;

/** @param text valid JSON */
export function jsonbText(text: string): JsonbText {
  // Outside strings a line break is only white space, and inside them JSON has none.
  const line = text.includes("\n") || text.includes("\r") ? text.replaceAll(/[\r\n]/g, " ") : text;
  if (!line.includes("\\u")) return { text: line, replaced: false };
  let replaced = false;
  const clean = line.replaceAll(ESCAPES, (escape, code: string | undefined) => {
    if (code === undefined || !/^(?:0000|d[89a-f]..)$/i.test(code)) return escape;
    replaced = true;
    return "\uFFFD";
  });
  return { text: clean, replaced };
}

/** Whether a text is one whole JSON document. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
