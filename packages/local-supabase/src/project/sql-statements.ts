export interface SqlStatement {
  /** Without its semicolon, with the comments before it: what the CLI's history lists. */
  readonly text: string;
  /** Its first two words in lower case, such as `create table`; comments are no words. */
  readonly command: string;
}

// Alternatives in this order: what hides a semicolon first. An end that is missing is the end of the text.
const token =
  /(?<hidden>--[^\n]*|e'(?:[^'\\]|\\[^]|'')*(?:'|$)|'[^']*(?:'|$)|"[^"]*(?:"|$))|(?<comment>\/\*)|(?<dollar>\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(?<word>[a-z_\u0080-\uffff][\w$\u0080-\uffff]*)|[^]/giy;

/**
 * Splits SQL at the semicolons that end a statement, as psql does: not at those in strings, quoted names, comments,
 * parentheses (CREATE RULE) and bodies (BEGIN ATOMIC … END).
 */
export function splitStatements(sql: string): SqlStatement[] {
  const statements: SqlStatement[] = [];
  let start = 0;
  let words: string[] = [];
  let isEmpty = true;
  let parentheses = 0;
  let bodies = 0;
  const finish = (end: number): void => {
    const text = sql.slice(start, end).trim();
    if (!isEmpty) statements.push({ text, command: words.slice(0, 2).join(" ") });
    [words, isEmpty, parentheses, bodies] = [[], true, 0, 0];
  };
  token.lastIndex = 0;
  for (let match = token.exec(sql); match; match = token.exec(sql)) {
    const [text] = match;
    const { comment, dollar, word } = match.groups ?? {};
    if (comment !== undefined) token.lastIndex = endOfComment(sql, token.lastIndex);
    if (dollar !== undefined) token.lastIndex = endOfDollarQuote(sql, token.lastIndex, dollar);
    if (word !== undefined) {
      const name = word.toLowerCase();
      if (name === "atomic" && words.at(-1) === "begin") bodies = 1;
      else if (bodies > 0 && name === "case") bodies += 1;
      else if (bodies > 0 && name === "end") bodies -= 1;
      words.push(name);
    }
    if (text === "(") parentheses += 1;
    if (text === ")") parentheses -= 1;
    if (text === ";" && parentheses <= 0 && bodies === 0) {
      finish(match.index);
      start = token.lastIndex;
    } else if (comment === undefined && !text.startsWith("--") && text.trim() !== "") isEmpty = false;
  }
  finish(sql.length);
  return statements;
}

/** Comments nest. */
function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 1; depth > 0;) {
    const match = mark.exec(sql);
    if (!match) return sql.length;
    depth += match[0] === "/*" ? 1 : -1;
  }
  return mark.lastIndex;
}

function endOfDollarQuote(sql: string, from: number, tag: string): number {
  const end = sql.indexOf(tag, from);
  return end < 0 ? sql.length : end + tag.length;
}
