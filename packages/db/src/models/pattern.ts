import { type AST, RegExpParser } from "@eslint-community/regexpp";

/** Postgres repeats an atom at most this often (DUPMAX). */
const repeatLimit = 255;

/** Bytes of a pattern in SQL: a hundred times a real one, and compiled in no time. */
const sizeLimit = 2000;

const parser = new RegExpParser({ ecmaVersion: 2025 });

/**
 * A pattern of JSON Schema as Postgres' regular expression with the same meaning; null where that cannot be told. Only
 * what RE2, JavaScript and Postgres read alike is taken: characters, classes of them, groups, alternatives, repetition
 * and the two ends of the text. Everything is written out anew, so nothing of the author's spelling reaches Postgres.
 */
export function postgresPattern(pattern: string): string | null {
  try {
    const tree = parser.parsePattern(pattern, 0, pattern.length, { unicode: true });
    const text = alternatives(tree.alternatives);
    // Three stars or a (?x) in front would mean something else to Postgres; nothing in front of a group does.
    return text.length <= sizeLimit ? `(?:${text})` : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NoTranslation) return null;
    throw error;
  }
}

class NoTranslation extends Error {}

function alternatives(list: readonly AST.Alternative[]): string {
  return list.map(({ elements }) => elements.map(element).join("")).join("|");
}

function element(node: AST.Element): string {
  switch (node.type) {
    case "Character":
      return character(node.value);
    case "CharacterSet":
      return set(node);
    case "CharacterClass":
      return characterClass(node);
    case "Group":
      if (node.modifiers !== null) throw new NoTranslation();
      return `(?:${alternatives(node.alternatives)})`;
    case "CapturingGroup":
      return `(?:${alternatives(node.alternatives)})`;
    case "Quantifier":
      return quantifier(node);
    case "Assertion":
      if (node.kind === "start") return "^";
      if (node.kind === "end") return "$";
      throw new NoTranslation();
    case "Backreference":
    case "ExpressionCharacterClass":
      break;
  }
  throw new NoTranslation();
}

/** Which of two ways to match is tried first does not change whether there is one: lazy and greedy are the same. */
function quantifier({ element: repeated, min, max }: AST.Quantifier): string {
  if (repeated.type === "Assertion") throw new NoTranslation();
  if (min > repeatLimit || (max !== Infinity && max > repeatLimit)) throw new NoTranslation();
  const atom = element(repeated);
  if (min === 0 && max === Infinity) return `${atom}*`;
  if (min === 1 && max === Infinity) return `${atom}+`;
  if (min === 0 && max === 1) return `${atom}?`;
  if (min === max) return `${atom}{${min}}`;
  return `${atom}{${min},${max === Infinity ? "" : max}}`;
}

/** RE2 reads these as ASCII; Postgres' own escapes would follow the locale. */
const sets = { digit: "0-9", word: "A-Za-z0-9_", space: "\t\n\f\r " } as const;

function set(node: AST.CharacterSet): string {
  if (node.kind === "any") return "[^\n]";
  if (node.kind === "property") throw new NoTranslation();
  return `[${node.negate ? "^" : ""}${sets[node.kind]}]`;
}

function characterClass(node: AST.CharacterClass): string {
  if (node.unicodeSets || node.elements.length === 0) throw new NoTranslation();
  const members = node.elements.map((member) => {
    if (member.type === "Character") return character(member.value);
    if (member.type === "CharacterClassRange") return `${character(member.min.value)}-${character(member.max.value)}`;
    if (member.type !== "CharacterSet" || member.kind === "property" || member.negate) throw new NoTranslation();
    return sets[member.kind];
  });
  return `[${node.negate ? "^" : ""}${members.join("")}]`;
}

function character(code: number): string {
  // Neither NUL nor half of a surrogate pair is in any text of Postgres.
  if (code === 0 || (code >= 0xd800 && code <= 0xdfff)) throw new NoTranslation();
  const text = String.fromCodePoint(code);
  return /^[!-/:-@[-`{-~]$/.test(text) ? `\\${text}` : text;
}
