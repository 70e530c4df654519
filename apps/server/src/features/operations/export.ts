import { once } from "node:events";
import {
  type DatabaseOperationExport,
  databaseOperationExportSchema,
  type ErrorData,
  issuesOf,
} from "@waybill/contracts";
import { type Waybill, WaybillDbError } from "@waybill/db";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import { requestIdOf } from "../../http/request-id.ts";
import type { Services } from "../../services.ts";
import { ApiError } from "../../trpc/api-error.ts";
import { may } from "../../trpc/permissions.ts";
import { contextOf } from "../../trpc/context.ts";
import { errorShape } from "../../trpc/format-error.ts";
import { unauthenticated } from "../../trpc/procedures.ts";
import { storeFailure } from "../../trpc/store-failure.ts";
import type { Caller } from "../sessions/caller.ts";
import { exportFormats } from "./export-format.ts";

/** Exports under way at the same time in this process, half of them of one user; one more is refused with RATE_LIMITED. */
const mostExports = 4;
/** A reader that takes nothing for so long holds its export up no longer. */
const stallMs = 60_000;
/** So long has a reader to take the last line, once its session is over. */
const lastWordsMs = 2_000;
const pageRows = 200;
const trailer = "x-waybill-export";

export interface ExportLimits {
  readonly mostExports?: number;
  readonly stallMs?: number;
}

/**
 * `GET /operations/export?format=ndjson|csv&<filter>`: all records of a filter, newest first, as `operations.list` shows
 * them to the caller. Pages are read as fast as the caller takes them. An export that breaks off says so in its last line
 * and in the trailer `x-waybill-export`; a connection that ends without its last chunk is one that was cut.
 */
export function exportOperations(services: Services, logger: Logger, limits: ExportLimits = {}): RequestHandler {
  const contextFor = contextOf(services);
  const { waybill } = services;
  const most = limits.mostExports ?? mostExports;
  /** The user of each that is under way. */
  const running: string[] = [];
  return async (req, res) => {
    const { requestId, bearer, caller: findCaller } = contextFor({ req, res });
    const filter = readFilter(req);
    const caller = await waybill.run({ request_id: requestId }, findCaller);
    if (caller === null || bearer === null) throw unauthenticated();
    // its close has been told to nobody
    if (res.closed) return;
    const { userId } = caller;
    const own = running.filter((id) => id === userId).length;
    if (running.length >= most || own >= most / 2) {
      throw new ApiError({
        code: "RATE_LIMITED",
        message:
          running.length >= most
            ? `${most} exports are under way already`
            : `${own} of your exports are under way already`,
        hint: "Wait until one of them has ended, or export by smaller ranges one after another.",
      });
    }
    running.push(userId);
    try {
      const session_id = caller.held?.session.session_id ?? null;
      const context = { request_id: requestId, user_id: userId, session_id };
      using stream = services.sessionStreams.open(session_id);
      const reader = { signal: stream.signal, now: () => services.callerOf(bearer) };
      await waybill.run(context, () => answer(waybill, filter, reader, res, logger, limits.stallMs ?? stallMs));
    } finally {
      running.splice(running.indexOf(userId), 1);
    }
  };
}

function readFilter({ query }: Request): DatabaseOperationExport {
  const parsed = databaseOperationExportSchema.safeParse(query);
  if (parsed.success) return parsed.data;
  const issues = issuesOf(parsed.error);
  const [first] = issues;
  throw new ApiError({
    code: "VALIDATION_FAILED",
    issues,
    ...(first === undefined
      ? {}
      : { message: first.field === "" ? first.message : `${first.field}: ${first.message}` }),
  });
}

/** Who takes an export. */
interface Reader {
  /** Aborted once its session is not in force any more. */
  readonly signal: AbortSignal;
  /** Who it is at this moment: an export may outlast an access token, and each page is a use of its session. */
  readonly now: () => Promise<Caller>;
}

async function answer(
  waybill: Waybill,
  { format: name, ...filter }: DatabaseOperationExport,
  reader: Reader,
  response: Response,
  logger: Logger,
  patienceMs: number,
): Promise<void> {
  const format = exportFormats[name];
  const readPage = async (cursor: string | null) => {
    const from = cursor === null ? {} : { cursor };
    try {
      const caller = await reader.now();
      const readAs = may(caller, "operations.read") ? undefined : waybill.forUser(caller.accessToken);
      return await waybill.operations.list({ ...filter, ...from, limit: pageRows }, readAs);
    } catch (error) {
      throw error instanceof WaybillDbError ? storeFailure(error) : error;
    }
  };
  const left = new AbortController();
  response.once("close", () => left.abort());
  const send = async (text: string): Promise<void> => {
    reader.signal.throwIfAborted();
    if (!response.write(text)) await drained(response, left.signal, reader.signal, patienceMs);
  };

  // what fails before the first byte is answered as any other error
  let page = await readPage(null);
  let rows = 0;
  response.writeHead(200, {
    "content-type": format.contentType,
    "content-disposition": `attachment; filename="operations.${name}"`,
    "cache-control": "no-store",
    trailer,
  });
  // its answer has no body, so nothing has to be read for one
  if (response.req.method === "HEAD") return void response.end();
  try {
    if (format.head !== "") await send(format.head);
    for (;;) {
      for (const row of page.rows) await send(format.record(row));
      rows += page.rows.length;
      if (page.next_cursor === null || left.signal.aborted) break;
      page = await readPage(page.next_cursor);
    }
    response.addTrailers({ [trailer]: `complete; rows=${rows}` });
  } catch (cause) {
    const requestId = requestIdOf(response);
    if (left.signal.aborted || cause instanceof StalledError) {
      logger.info({ request_id: requestId, rows }, "an export's reader left before its end");
      response.destroy();
      return;
    }
    const error = cause instanceof ApiError ? cause : new ApiError({ code: "INTERNAL", cause });
    logger.warn({ request_id: requestId, rows, err: cause }, "an export broke off");
    response.write(format.brokenOff(toldOf(error, requestId)));
    response.addTrailers({ [trailer]: `broken off; rows=${rows}; code=${error.waybillCode}` });
    // who takes nothing would keep what is sent already open for as long as it likes
    if (reader.signal.aborted) setTimeout(() => response.destroy(), lastWordsMs).unref();
  }
  response.end();
}

function toldOf(error: ApiError, requestId: string): ErrorData {
  const { code, message, hint, operation_id, request_id } = errorShape(error, { requestId, path: undefined }).data;
  return { code, message, hint, operation_id, request_id };
}

class StalledError extends Error {}

/** Resolves when the caller has taken what was written. Rejects when it has left, is not let in any more, or takes nothing. */
async function drained(response: Response, left: AbortSignal, over: AbortSignal, patienceMs: number): Promise<void> {
  const patience = AbortSignal.timeout(patienceMs);
  try {
    await once(response, "drain", { signal: AbortSignal.any([left, over, patience]) });
  } catch (cause) {
    over.throwIfAborted();
    throw new StalledError("the reader of an export takes nothing", { cause });
  }
}
