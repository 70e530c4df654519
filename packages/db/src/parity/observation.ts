import { inspect } from "node:util";

/** All that an application sees of a call: what it resolves to or throws, and each answer's status and headers. */
export interface Observation {
  readonly refused: boolean;
  readonly text: string;
}

/** A `fetch` that keeps its answers, so that their headers can be read when nobody is disturbed by it any more. */
export function keepingAnswers(fetch: typeof globalThis.fetch): {
  fetch: typeof globalThis.fetch;
  answers: Response[];
} {
  const answers: Response[] = [];
  const keeping: typeof globalThis.fetch = async (input, init) => {
    const answer = await fetch(input, init);
    answers.push(answer);
    return answer;
  };
  return { fetch: keeping, answers };
}

export async function observe(run: () => PromiseLike<unknown>, answers: readonly Response[]): Promise<Observation> {
  const came: { thrown?: unknown; result?: unknown } = {};
  try {
    came.result = await run();
  } catch (error) {
    came.thrown = error;
  }
  const refused = "thrown" in came || errorIn(came.result) !== null;
  const seen = { ...(await plain(came)), answers: answers.map(answerOf) };
  return {
    refused,
    text: normalized(inspect(seen, { depth: 20, maxArrayLength: null, breakLength: 100, sorted: true })),
  };
}

function errorIn(result: unknown): unknown {
  return typeof result === "object" && result !== null && "error" in result ? (result.error ?? null) : null;
}

/** Of each connection, and of the moment: times are written in as many digits as they need, and accounts are counted. */
const OF_THE_MOMENT = new Set(
  "date age connection keep-alive transfer-encoding content-length link x-total-count sb-auth-refresh-token-prefix".split(
    " ",
  ),
);

function answerOf({ status, statusText, ok, url, redirected, type, headers }: Response): unknown {
  return {
    status,
    statusText,
    ok,
    url,
    redirected,
    type,
    headers: [...headers].filter(([name]) => !OF_THE_MOMENT.has(name)),
  };
}

/** Bodies read, errors with all their fields but the stack. */
async function plain(value: unknown): Promise<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return { value: unframed(value) };
  if (value instanceof Blob) return { blob: value.type, size: value.size, text: await value.text() };
  // a signature
  if (value instanceof Uint8Array) return { bytes: value.length };
  if (value instanceof ReadableStream) return { stream: await new Response(value).text() };
  if (value instanceof Response) return { response: answerOf(value), used: value.bodyUsed };
  const fields: Record<string, unknown> =
    value instanceof Error
      ? { kind: value.constructor.name, name: value.name, message: value.message, cause: value.cause }
      : {};
  for (const [key, one] of Object.entries(value)) fields[key] = one;
  for (const [key, one] of Object.entries(fields)) {
    fields[key] = typeof one === "object" && one !== null ? await plain(one) : unframed(one);
  }
  return Array.isArray(value) ? { list: Object.values(fields) } : fields;
}

/** postgrest-js puts a failure's stack into its details; the platform's fetch gives no frames. */
function unframed(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/\n +at .*/g, "") : value;
}

/** Ids, tokens and moments are each run's own: they are numbered as they come. */
function normalized(text: string): string {
  const seen = new Map<string, string>();
  const numbered = (kind: string) => (found: string) => {
    const known = seen.get(found) ?? `<${kind} ${seen.size + 1}>`;
    seen.set(found, known);
    return known;
  };
  return text
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, "<token>")
    .replace(/[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/g, numbered("id"))
    .replace(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/g, "<time>")
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?/g, "<time>")
    .replace(/(refresh_token|hashed_token|email_otp|action_link|access_token): '[^']*'/g, "$1: '<secret>'")
    .replace(/(expires_at|expires_in|iat|exp|timestamp|total): [\d.]+/g, "$1: <number>");
}
