import { isJson } from "./jsonb-text.ts";

/** What one look at a text tells, as bits. None of them: the text is no JSON. */
export const JSON_TEXT = 1;
/** It holds a raw line break, which is white space, for within a string JSON allows none. */
export const LINE_BREAKS = 2;
/** It holds a backslash: what is spelt is not what is meant, and a string may hold JSON of its own. */
export const BACKSLASHES = 4;
/** A key has all the letters of one of the words that were asked for. */
export const LIKELY_KEYS = 8;

const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const E = 0x65;
const U = 0x75;
/** What opens a container; in ASCII what closes it stands two further on. */
const OBJECT = 0x7b;
const ARRAY = 0x5b;

/** Deeper documents, and longer ones in UTF-16 units, are left to `JSON.parse`. */
const DEEPEST = 256;
const LONGEST = 64 * 1024;
const TOO_DEEP = -2;
const encoder = new TextEncoder();

/** Of a byte within a string: goes on, ends it, escapes, is not allowed. */
const STRING_CLASS = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === QUOTE ? 1 : byte === BACKSLASH ? 2 : byte < 0x20 ? 3 : 0,
);
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));
const LITERALS = [Buffer.from("true"), Buffer.from("false"), Buffer.from("null")];

/**
 * The letters of a word as bits, whatever their case: most keys lack one of them. Only ASCII folds case bit by bit, so any
 * key may hold another word.
 */
export function lettersOf(word: string): number {
  let letters = 0;
  if (!/^[ -~]*$/.test(word)) return letters;
  for (const byte of Buffer.from(word)) letters |= 1 << (byte & 31);
  return letters;
}

/**
 * Looks at JSON without making anything of it: most of what `JSON.parse` costs is what it makes. Takes and refuses what
 * that does (RFC 8259). One for each set of words, for it remembers which keys hold none.
 */
export class JsonScanner {
  readonly #words: readonly number[];
  /** The letters of keys that hold none of the words, each where its hash says. */
  readonly #harmless = new Int32Array(256);
  readonly #open = new Uint8Array(DEEPEST);
  #bytes: Uint8Array = Buffer.alloc(4096);
  #found = 0;

  /** @param words that a key may hold, each as {@link lettersOf} gives it */
  constructor(words: readonly number[]) {
    this.#words = words;
  }

  /** Which of the bits above hold of `text`. */
  scan(text: string): number {
    if (text.length > LONGEST) return parses(text);
    // a UTF-16 unit takes three bytes at the most, and a byte that no text has ends every loop below
    if (text.length * 3 >= this.#bytes.length) this.#bytes = Buffer.alloc(text.length * 3 + 1);
    const end = encoder.encodeInto(text, this.#bytes).written;
    this.#bytes[end] = 0;
    this.#found = JSON_TEXT;
    const stop = this.#document();
    if (stop === TOO_DEEP) return parses(text);
    return stop === end ? this.#found : 0;
  }

  /** Where the one value ends that the bytes begin with, and the white space behind it; -1 where there is none. */
  #document(): number {
    const bytes = this.#bytes;
    const open = this.#open;
    let depth = 0;
    let at = this.#skipSpace(0);
    for (;;) {
      const first = bytes[at];
      if (first === QUOTE) at = this.#endOfString(at + 1);
      else if (first === OBJECT || first === ARRAY) {
        const next = this.#skipSpace(at + 1);
        if (bytes[next] === first + 2) at = next + 1;
        else {
          if (depth === DEEPEST) return TOO_DEEP;
          open[depth++] = first;
          at = first === OBJECT ? this.#endOfKey(next) : next;
          if (at < 0) return -1;
          continue;
        }
      } else at = endOfScalar(bytes, at);
      if (at < 0) return -1;
      // behind a value: its container ends, or goes on
      for (;;) {
        at = this.#skipSpace(at);
        if (depth === 0) return at;
        const container = open[depth - 1] ?? 0;
        const mark = bytes[at];
        if (mark === container + 2) {
          depth -= 1;
          at += 1;
        } else if (mark === COMMA) {
          at = this.#skipSpace(at + 1);
          if (container === OBJECT) at = this.#endOfKey(at);
          if (at < 0) return -1;
          break;
        } else return -1;
      }
    }
  }

  /** Where the value begins of the member whose key begins at `at`. */
  #endOfKey(at: number): number {
    const bytes = this.#bytes;
    if (bytes[at] !== QUOTE) return -1;
    let end = at + 1;
    let letters = 0;
    for (let byte = bytes[end] ?? 0; STRING_CLASS[byte] === 0; byte = bytes[++end] ?? 0) letters |= 1 << (byte & 31);
    if (bytes[end] !== QUOTE) end = this.#endOfString(end) - 1;
    else this.#note(letters);
    if (end < 0) return -1;
    end = this.#skipSpace(end + 1);
    return bytes[end] === COLON ? this.#skipSpace(end + 1) : -1;
  }

  #note(letters: number): void {
    const slot = (letters ^ (letters >>> 8) ^ (letters >>> 16) ^ (letters >>> 24)) & 255;
    if (this.#harmless[slot] === letters) return;
    if (this.#words.some((word) => (letters & word) === word)) this.#found |= LIKELY_KEYS;
    else this.#harmless[slot] = letters;
  }

  /** Behind the closing quote of the string in which `at` stands. */
  #endOfString(at: number): number {
    const bytes = this.#bytes;
    let end = at;
    for (;;) {
      while (STRING_CLASS[bytes[end] ?? 0] === 0) end += 1;
      const byte = bytes[end];
      if (byte === QUOTE) return end + 1;
      if (byte !== BACKSLASH) return -1;
      this.#found |= BACKSLASHES;
      const escaped = bytes[end + 1] ?? 0;
      if (escaped === U) {
        for (let digit = 2; digit < 6; digit += 1) if (!isHex(bytes[end + digit] ?? 0)) return -1;
        end += 6;
      } else if (ESCAPED.has(escaped)) end += 2;
      else return -1;
    }
  }

  #skipSpace(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (let byte = bytes[at] ?? 0; byte <= SPACE; byte = bytes[++at] ?? 0) {
      if (byte === 0x0a || byte === 0x0d) this.#found |= LINE_BREAKS;
      else if (byte !== SPACE && byte !== 0x09) return at;
    }
    return at;
  }
}

function parses(text: string): number {
  return isJson(text) ? JSON_TEXT | LINE_BREAKS | BACKSLASHES | LIKELY_KEYS : 0;
}

/** Behind the number, `true`, `false` or `null` that begins at `at`. */
function endOfScalar(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first === MINUS || isDigit(first)) return endOfNumber(bytes, at);
  const literal = LITERALS.find((one) => one[0] === first);
  return literal?.every((byte, index) => bytes[at + index] === byte) === true ? at + literal.length : -1;
}

function endOfNumber(bytes: Uint8Array, at: number): number {
  let end = bytes[at] === MINUS ? at + 1 : at;
  if (bytes[end] === ZERO) end += 1;
  else end = endOfDigits(bytes, end);
  if (end > 0 && bytes[end] === POINT) end = endOfDigits(bytes, end + 1);
  if (end > 0 && ((bytes[end] ?? 0) | 0x20) === E) {
    const sign = bytes[end + 1];
    end = endOfDigits(bytes, sign === PLUS || sign === MINUS ? end + 2 : end + 1);
  }
  return end;
}

/** Behind the digits, of which there must be one. */
function endOfDigits(bytes: Uint8Array, at: number): number {
  let end = at;
  while (isDigit(bytes[end] ?? 0)) end += 1;
  return end === at ? -1 : end;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
