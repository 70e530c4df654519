import { buildConnector, Pool } from "undici";
import { z } from "zod";
import { reasonOf } from "../ledger-errors.ts";
import { UploadBodies } from "./upload-bodies.ts";

/** What became of one upload. */
export type UploadResult =
  | { readonly kind: "stored"; readonly counts: StoredCounts }
  /** The database refuses something in it: sending it again changes nothing. */
  | { readonly kind: "refused"; readonly reason: string; readonly isTooMuch: boolean }
  /** The way there or the database failed: worth another try, not before `retryAfterMs`. */
  | {
      readonly kind: "failed";
      readonly reason: string;
      readonly retryAfterMs: number;
      /** It was the time: fewer rows may pass. */
      readonly isTooMuch: boolean;
    };

/** What `record_operations` answers: operations, not rows, so that a repeated one counts once. */
const storedSchema = z.object({
  /** New in the table. */
  inserted: z.number().int().nonnegative(),
  /** Were pending in the table and have their outcome now. */
  settled: z.number().int().nonnegative(),
  /** Were there already. */
  unchanged: z.number().int().nonnegative(),
  /** Left out, for their client was removed (data-model.md "Cascade delete when client is removed"). */
  cascaded: z.number().int().nonnegative(),
});
export type StoredCounts = z.infer<typeof storedSchema>;

export interface UploadOptions {
  readonly url: string;
  readonly secretKey: string;
  /** PEM text of the certificate authority to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** For one attempt, connecting and the last byte of the answer included. */
  readonly attemptTimeoutMs: number;
  /** Most calls at once. */
  readonly uploads: number;
}

export interface Uploader {
  send(rows: readonly Buffer[], signal: AbortSignal): Promise<UploadResult>;
  close(): Promise<void>;
}

const ANSWER_LIMIT = 64 * 1024;
const STATEMENT_TIMEOUT = "57014";
const RETRY_AFTER_LIMIT_MS = 60_000;

/** Posts rows to `record_operations` over connections of its own, untracked. */
export function createUploader({ url, secretKey, ca, attemptTimeoutMs, uploads }: UploadOptions): Uploader {
  const target = new URL("rest/v1/rpc/record_operations", url.endsWith("/") ? url : `${url}/`);
  const pool = new Pool(target.origin, {
    connections: uploads,
    pipelining: 1,
    connect: backgroundConnector(ca),
    // One deadline for all of it, below: these two begin anew with every byte.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const bodies = new UploadBodies(uploads);
  const overdue = `no whole answer within ${attemptTimeoutMs} ms`;
  // As supabase-js sends a key of either format to the Data API.
  const headers = {
    apikey: secretKey,
    authorization: `Bearer ${secretKey}`,
    "content-type": "application/json",
    accept: "application/json",
    "x-client-info": "waybill-ledger",
  };

  return {
    async send(rows, signal) {
      const attempt = new AbortController();
      const stop = (): void => attempt.abort(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      const deadline = setTimeout(() => attempt.abort(new Error(overdue)), attemptTimeoutMs).unref();
      const body = bodies.of(rows);
      try {
        const answer = await pool.request({
          path: target.pathname,
          method: "POST",
          headers,
          body: body.bytes,
          signal: attempt.signal,
        });
        const text = await readLimited(answer.body);
        // an error may come before the last byte was sent
        if (answer.statusCode < 300) body.release();
        return judge(answer.statusCode, text, answer.headers["retry-after"]);
      } catch (error) {
        const isTooMuch = attempt.signal.aborted && !signal.aborted;
        return { kind: "failed", reason: reasonOf(error), retryAfterMs: 0, isTooMuch };
      } finally {
        clearTimeout(deadline);
        signal.removeEventListener("abort", stop);
      }
    },
    close: () => pool.destroy(),
  };
}

/** Connections that hold no process alive: a script may end while the database keeps it waiting. */
function backgroundConnector(ca: string | undefined): buildConnector.connector {
  const connect = buildConnector({ allowH2: false, ...(ca === undefined ? {} : { ca }) });
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      socket.unref();
      // The pool takes the socket back into account for as long as a request is under way.
      socket.ref = () => socket;
      callback(null, socket);
    });
  };
}

async function readLimited(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > ANSWER_LIMIT) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const errorSchema = z.object({ code: z.string(), message: z.string() });

/**
 * Told by the SQLSTATE where there is one. Only what lies in the data is refused for good: 22 (a value), 23 (a
 * constraint), 54 (a limit). All else can pass: a lost connection, a missing migration, a key that is replaced.
 */
function judge(status: number, text: string, retryAfter: string | string[] | undefined): UploadResult {
  const body = parseJson(text);
  if (status >= 200 && status < 300) {
    const counts = storedSchema.safeParse(body);
    if (counts.success) return { kind: "stored", counts: counts.data };
    return {
      kind: "failed",
      reason: `HTTP ${status} without the counts of record_operations`,
      retryAfterMs: 0,
      isTooMuch: false,
    };
  }
  const error = errorSchema.safeParse(body);
  // The message alone: PostgREST's `details` quote the row.
  const said = error.success ? `${error.data.code} ${error.data.message.slice(0, 300)}` : "no explanation";
  const reason = `HTTP ${status}: ${said}${remedy(status, error.success ? error.data.code : "")}`;
  const isRefused = error.success ? isInTheData(error.data.code, status) : isRefusedStatus(status);
  if (isRefused) return { kind: "refused", reason, isTooMuch: status === 413 };
  const isTooMuch = status === 408 || status === 504 || (error.success && error.data.code === STATEMENT_TIMEOUT);
  return { kind: "failed", reason, retryAfterMs: retryAfterMs(retryAfter), isTooMuch };
}

function isInTheData(code: string, status: number): boolean {
  if (/^[0-9A-Z]{5}$/.test(code)) return /^(22|23|54)/.test(code);
  // PostgREST's own: PGRST1xx is about the request, the others about its connection, schema and keys.
  if (code.startsWith("PGRST")) return code.startsWith("PGRST1");
  return isRefusedStatus(status);
}

function isRefusedStatus(status: number): boolean {
  // a gateway or a wrong port answers 400 to anything: without PostgREST's word for it, only the size is the rows' own
  return status === 413;
}

function remedy(status: number, code: string): string {
  if (status === 401 || status === 403 || code === "42501")
    return " (is SUPABASE_SECRET_KEY this project's secret key?)";
  if (status === 404 || code === "42883" || code === "PGRST202")
    return " (are Waybill's migrations applied? supabase db push)";
  return "";
}

function retryAfterMs(header: string | string[] | undefined): number {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, RETRY_AFTER_LIMIT_MS) : 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
