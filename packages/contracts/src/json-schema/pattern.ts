import { RE2JS } from "re2js";

/** Steps of a compiled pattern. Matching takes steps × length, so both have a limit. */
const programLimit = 1000;

/** Characters (code points) of a text that a pattern looks at; a longer text does not match. */
export const patternTextLimit = 65_536;

/** A pattern on a linear-time engine: no text can make it explode (decisions.md). */
export interface LinearPattern {
  test(text: string): boolean;
  toString(): string;
}

/**
 * Compiles a pattern of JSON Schema by RE2's rules. Throws a SyntaxError for what RE2 does not have (look-around,
 * back-references) and for a pattern that is too large.
 */
export function linearPattern(pattern: string): LinearPattern {
  const compiled = compileRe2(pattern);
  if (compiled.programSize() > programLimit) {
    throw new SyntaxError(
      `must be a smaller pattern: it takes ${compiled.programSize()} steps of at most ${programLimit}`,
    );
  }
  return {
    test: (text) => isWithin(text, patternTextLimit) && compiled.test(text),
    // ajv tells one pattern from another by this.
    toString: () => pattern,
  };
}

function isWithin(text: string, limit: number): boolean {
  if (text.length <= limit) return true;
  // A code point takes one or two places in a string.
  return text.length <= 2 * limit && Array.from(text).length <= limit;
}

/** Why a pattern cannot be used; null when it can. */
export function patternFault(pattern: string): string | null {
  try {
    linearPattern(pattern);
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

function compileRe2(pattern: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(`must be a pattern of RE2, without look-around or back-references: ${reason}`);
  }
}
