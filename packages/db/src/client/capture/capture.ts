import { jsonString } from "../../json-string.ts";
import type { JsonText } from "../../ledger/ledger-types.ts";
import type { OperationClass } from "../classify/operation-class.ts";
import { BACKSLASHES, LIKELY_KEYS, LINE_BREAKS } from "./json-scan.ts";
import { jsonbText } from "./jsonb-text.ts";
import { countRows, redactJson } from "./redact-json.ts";
import { embedsOthers, redactSearch, secretAliases } from "./redact-search.ts";
import type { SearchParameters } from "./redact-search.ts";
import { isSecretName, REDACTED } from "./redaction.ts";
import type { Redaction, Secrets } from "./redaction.ts";
import { scrub, scrubJson, valuesIn } from "./scrub.ts";
import type { SentSecrets } from "./scrub.ts";

/** Bytes of a body that go into a record as they are, a side (decisions.md; issue: 16 KiB). */
export const CAPTURE_BYTES = 16 * 1024;
/** Characters kept of a longer one. */
const PREVIEW = 4096;
/** Rows of a longer body are counted up to this many characters. */
const COUNTABLE = 1024 * 1024;
const LIKE_JSON = /^\s*[[{]/;
/** A shorter value is not looked for in error texts: it would hide half of them. */
const SHORTEST_SECRET = 3;
/** Beyond so many, what an error repeats is hidden without asking whether it is one of them. */
const MOST_VALUES = 500;

export interface CapturedRequest {
  readonly query_data: JsonText;
  /** What is needed to capture the answer to it. */
  readonly rules: CaptureRules;
}

export interface CaptureRules extends SentSecrets {
  readonly aliases: ReadonlySet<string> | undefined;
  /** The whole answer is a secret. */
  readonly hidden: boolean;
}

export interface RequestToCapture {
  readonly kind: OperationClass;
  readonly method: string;
  /** Percent-decoded path below the project's URL; null for tables, whose name is recorded already. */
  readonly path: string | null;
  readonly search: SearchParameters;
  readonly prefer: string | null;
  /** The body's text; its length in bytes for one that is no text; null for none. */
  readonly body: string | number | null;
}

export interface Capture {
  request(request: RequestToCapture): CapturedRequest;
  /** @param range the answer's `Content-Range` */
  response(kind: OperationClass, text: string, bytes: number, range: string | undefined, rules: CaptureRules): JsonText;
}

export function createCapture(redaction: Redaction, limit = CAPTURE_BYTES): Capture {
  return {
    request({ kind, method, path, search, prefer, body }) {
      const secrets = secretsFor(redaction, kind, search);
      const values: string[] = [];
      let hasMore = false;
      const keep = (value: string): void => {
        if (value.length < SHORTEST_SECRET || value === REDACTED) return;
        if (values.length < MOST_VALUES) values.push(value);
        else hasMore = true;
      };
      let text = `{"method":"${method}"`;
      if (path !== null) text += `,"path":${jsonString(beginningOf(path))}`;
      if (search.length > 0) text += `,"search":${boundedSearch(redactSearch(search, secrets, keep), limit)}`;
      if (prefer !== null) text += `,"prefer":${jsonString(beginningOf(prefer))}`;
      if (kind.upsert) text += `,"upsert":true`;
      if (body !== null) text += bodyMember(kind, body, secrets, limit, keep);
      if (typeof body === "string" && kind.captures) hasMore ||= hidesMore(body, secrets, limit);
      const aliases = secretAliases(search, secrets);
      return { query_data: `${text}}`, rules: { secrets, aliases, values, hasMore, hidden: secrets.all } };
    },
    response(kind, text, bytes, range, rules) {
      if (!kind.captures) return `{"bytes":${bytes}}`;
      if (rules.hidden) return `{"redacted":true,"bytes":${bytes}}`;
      const { secrets, aliases } = rules;
      const isSecret = (key: string): boolean => secrets.holds(key) || (aliases?.has(key) ?? false);
      const doubtful = aliases !== undefined || rules.values.length > 0 || rules.hasMore;
      const captured = bodyText({ text, bytes, limit, range, secrets }, (part, kind, mayHoldSecrets) => {
        if (kind === "text") return doubtful || secrets.mentions(part) ? null : scrub(part, rules);
        const isDoubtful = doubtful || (mayHoldSecrets && secrets.suspects(part));
        return scrubJson(isDoubtful ? redactJson(part, isSecret) : part, rules);
      });
      return captured.replaced ? `{"characters_replaced":true,"body":${captured.text}}` : captured.text;
    },
  };
}

/** A function whose name says so takes or hands out a secret under whatever name: `change_password(was, is)`. */
function secretsFor(redaction: Redaction, kind: OperationClass, search: SearchParameters): Secrets {
  const isFunction = kind.service === "rpc";
  if (isFunction && isSecretName(kind.table_name)) return redaction.everything;
  if (embedsOthers(search)) return redaction.secretsOf(kind.table_name, "embedding");
  return redaction.secretsOf(kind.table_name, isFunction ? "function" : "alone");
}

function bodyMember(
  kind: OperationClass,
  body: string | number,
  secrets: Secrets,
  limit: number,
  keep: (value: string) => void,
): string {
  if (typeof body === "number") return `,"bytes":${body}`;
  const bytes = Buffer.byteLength(body);
  if (!kind.captures) return `,"bytes":${bytes}`;
  if (secrets.all) return `,"body":"${REDACTED}","bytes":${bytes}`;
  const found = (piece: string): void => valuesIn(piece).forEach(keep);
  const captured = bodyText({ text: body, bytes, limit, range: undefined, secrets }, (part, kind, mayHoldSecrets) => {
    // a column's values in a CSV or a query plan cannot be told apart, so one secret name hides the text
    if (kind === "text") return secrets.mentions(part) ? null : part;
    const isDoubtful = mayHoldSecrets && secrets.suspects(part);
    return isDoubtful ? redactJson(part, (key) => secrets.holds(key), found) : part;
  });
  return `,"body":${captured.text}${captured.replaced ? ',"characters_replaced":true' : ""}`;
}

/** Whether a body carries secrets whose values were not looked at one by one: beyond its preview, or in a CSV. */
function hidesMore(body: string, secrets: Secrets, limit: number): boolean {
  if (!LIKE_JSON.test(body)) return secrets.mentions(body.slice(0, PREVIEW));
  return Buffer.byteLength(body) > limit && secrets.suspects(body.slice(0, COUNTABLE));
}

interface Body {
  readonly text: string;
  readonly bytes: number;
  readonly limit: number;
  readonly range: string | undefined;
  readonly secrets: Secrets;
}

/** What is kept of a text; null to keep nothing. */
type Redact = (part: string, kind: "json" | "text", mayHoldSecrets: boolean) => string | null;

/** A body as JSON: itself where it is whole and short enough, else its size, its rows and its beginning. */
function bodyText({ text, bytes, limit, range, secrets }: Body, redact: Redact): { text: string; replaced: boolean } {
  if (bytes > limit) {
    const part = text.slice(0, previewWithin(limit));
    const beginning = redact(part, LIKE_JSON.test(text) ? "json" : "text", true) ?? REDACTED;
    const count = rowsIn(range) ?? countRows(text, COUNTABLE);
    return {
      text: `{"truncated":true,"bytes":${bytes},"rows":${count ?? "null"},"preview":${jsonString(beginning)}}`,
      replaced: false,
    };
  }
  if (text === "") return { text: "null", replaced: false };
  const found = secrets.scan(text);
  if (found === 0) return { text: jsonString(redact(text, "text", true) ?? REDACTED), replaced: false };
  const kept = redact(text, "json", (found & (LIKELY_KEYS | BACKSLASHES)) !== 0) ?? `"${REDACTED}"`;
  return (found & (LINE_BREAKS | BACKSLASHES)) === 0 ? { text: kept, replaced: false } : jsonbText(kept);
}

/** `0-9/100` → 10. */
function rowsIn(range: string | undefined): number | null {
  const [, first, last] = /^(\d+)-(\d+)\//.exec(range ?? "") ?? [];
  return first === undefined || last === undefined ? null : Number(last) - Number(first) + 1;
}

function previewWithin(limit: number): number {
  return Math.min(PREVIEW, limit);
}

/** A path or a header as far as anybody reads it: what a caller sends has no end of its own. */
function beginningOf(text: string): string {
  return text.length <= PREVIEW ? text : `${text.slice(0, PREVIEW)}…`;
}

/** The parameters, or their size and their beginning: a filter may list thousands of values. */
function boundedSearch(search: SearchParameters, limit: number): string {
  const text = searchText(search);
  // a UTF-16 unit takes three bytes at the most
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes <= limit) return text;
  return `{"truncated":true,"bytes":${bytes},"preview":${jsonString(text.slice(0, previewWithin(limit)))}}`;
}

/** Parameters up to which names are compared one by one. */
const FEW = 16;

function searchText(search: SearchParameters): string {
  if (!mayRepeat(search))
    return `{${search.map(([name, value]) => `${jsonString(name)}:${jsonString(value)}`).join(",")}}`;
  const grouped = new Map<string, string[]>();
  for (const [name, value] of search) {
    const values = grouped.get(name);
    if (values === undefined) grouped.set(name, [value]);
    else values.push(value);
  }
  const members = [...grouped].map(([name, values]) => {
    const [only = ""] = values;
    return `${jsonString(name)}:${values.length === 1 ? jsonString(only) : `[${values.map(jsonString).join(",")}]`}`;
  });
  return `{${members.join(",")}}`;
}

function mayRepeat(search: SearchParameters): boolean {
  if (search.length > FEW) return true;
  return search.some(([name], at) => search.findIndex(([other]) => other === name) !== at);
}
