import { postgresPattern } from "../pattern.ts";

/** Punctuation that means itself to Postgres, escaped or not, inside of a class and outside. */
const harmless = /^[!"#%&',/:;<=>@_`~]$/;

interface Piece {
  readonly text: string;
  readonly isEscape: boolean;
  readonly inClass: boolean;
}

/**
 * The pattern of JSON Schema that means what a regular expression of Postgres does; null where that is not certain: it
 * must compile to that expression again, but for escapes and groups that change nothing.
 */
export function importedPattern(regex: string): string | null {
  const inner = /^\(\?:(.*)\)$/s.exec(regex)?.[1];
  for (const text of inner === undefined ? [regex] : [inner, regex]) {
    const pattern = written(text);
    const compiled = postgresPattern(pattern);
    if (compiled === null) continue;
    if (compiled === regex || plain(compiled) === plain(`(?:${text})`)) return pattern;
  }
  return null;
}

/** Without escapes that a Unicode pattern refuses, and with the class that a word's characters came from. */
function written(regex: string): string {
  return pieces(regex.replaceAll("A-Za-z0-9_", () => String.raw`\w`))
    .map(withoutEscape)
    .join("");
}

/** The same text for expressions that differ in nothing that matters. */
function plain(regex: string): string {
  return pieces(regex)
    .map(withoutEscape)
    .join("")
    .replaceAll(/(?<!\\)\((?!\?)/g, "(?:");
}

function withoutEscape({ text, isEscape, inClass }: Piece): string {
  const bare = text.slice(1);
  return isEscape && (harmless.test(bare) || (bare === "-" && !inClass)) ? bare : text;
}

function pieces(regex: string): Piece[] {
  const found: Piece[] = [];
  let inClass = false;
  for (const [text] of regex.matchAll(/\\.|./gsu)) {
    const isEscape = text.length > 1 && text.startsWith("\\");
    if (text === "[") inClass = true;
    if (text === "]") inClass = false;
    found.push({ text, isEscape, inClass });
  }
  return found;
}
