import { hash } from "node:crypto";
import type { DataModelOutput, ModelNotice } from "@waybill/contracts";
import { type Waybill, WaybillDbError } from "@waybill/db";
import { decodeJwt } from "jose";
import { ApiError } from "../../../trpc/api-error.ts";
import { may } from "../../../trpc/permissions.ts";
import { storeFailure } from "../../../trpc/store-failure.ts";
import type { Caller } from "../../sessions/caller.ts";
import type { SessionStreams } from "../../sessions/session-streams.ts";
import type { ModelLookup } from "../model-lookup.ts";
import { type ModelChanges, TooManyNamesError } from "./model-changes.ts";
import { newsOf } from "./news.ts";

/** Who watches, and under which request. */
export interface WatchCall {
  readonly caller: Caller;
  readonly requestId: string;
}

/** What callers watch of models in this process. */
export interface ModelWatches {
  /**
   * Each of these models at once, and again whenever what the caller may see of it has changed. Ends quietly with `left`.
   * Throws SESSION_OVER or SESSION_EXPIRED when the caller's session ends, SHUTTING_DOWN when the server does, RATE_LIMITED
   * when too many watch, and what reading a model may fail with.
   */
  watch(call: WatchCall, models: readonly string[], left: AbortSignal | undefined): AsyncGenerator<ModelNotice, void>;
  /** Ends all that are open, and every later one. */
  end(): void;
}

export interface ModelWatchesOptions {
  readonly waybill: Pick<Waybill, "models" | "forUser" | "run">;
  readonly lookup: Pick<ModelLookup, "current">;
  readonly changes: Pick<ModelChanges, "follow">;
  readonly sessionStreams: Pick<SessionStreams, "open">;
  readonly mostWatches?: number;
  readonly mostOfCaller?: number;
}

/** In this process, and of one account: a page of it holds one open. */
const manyWatches = 1_000;
const manyOfCaller = 20;

export function createModelWatches(options: ModelWatchesOptions): ModelWatches {
  const { waybill, lookup, changes, sessionStreams } = options;
  const { mostWatches = manyWatches, mostOfCaller = manyOfCaller } = options;
  /** The user of each that is open. */
  const open: string[] = [];
  const ending = new AbortController();

  const slotOf = (userId: string): Disposable => {
    const own = open.filter((id) => id === userId).length;
    if (open.length >= mostWatches) throw tooMany(`${open.length} watches are open already`);
    if (own >= mostOfCaller) throw tooMany(`${own} of your watches are open already`);
    open.push(userId);
    return { [Symbol.dispose]: () => void open.splice(open.indexOf(userId), 1) };
  };
  const follow: ModelChanges["follow"] = (names, tell) => {
    try {
      return changes.follow(names, tell);
    } catch (error) {
      throw error instanceof TooManyNamesError ? tooMany("Too many models are watched already") : error;
    }
  };

  return {
    async *watch({ caller, requestId }, models, left) {
      const session_id = caller.held?.session.session_id ?? null;
      const context = { request_id: requestId, user_id: caller.userId, session_id };
      const reading = <T>(read: () => Promise<T>): Promise<T> =>
        waybill.run(context, async () => {
          try {
            return await read();
          } catch (error) {
            throw error instanceof WaybillDbError ? storeFailure(error) : error;
          }
        });
      const seesAll = may(caller, "models.read");
      const readAs = () => (seesAll ? undefined : waybill.forUser(caller.accessToken));
      const isShown = (name: string) => waybill.models.ofNames([name], readAs()).then((rows) => rows.length > 0);

      ending.signal.throwIfAborted();
      using _slot = slotOf(caller.userId);
      using stream = sessionStreams.open(session_id);
      using expiry = expiryOf(caller);
      const over = AbortSignal.any([
        stream.signal,
        expiry.signal,
        ending.signal,
        ...(left === undefined ? [] : [left]),
      ]);
      using news = newsOf(models, over);
      using _following = follow(models, news.tell);

      /** The names that the caller was shown as active: as long as they are, nobody need be asked again. */
      const shown = new Set((await reading(() => waybill.models.ofNames(models, readAs()))).map(namesOf));
      const visible = async (name: string): Promise<DataModelOutput | null> => {
        const model = await lookup.current(name);
        if (model === null || seesAll) return model;
        if (model.is_active && (shown.has(name) || (await isShown(name)))) {
          shown.add(name);
          return model;
        }
        shown.delete(name);
        return null;
      };
      /** What was told last, as a hash: a model may be long. */
      const last = new Map<string, string>();
      for (;;) {
        const name = await news.next();
        if (name === undefined) break;
        const notice: ModelNotice = { model_name: name, model: await reading(() => visible(name)) };
        const told = markOf(notice.model);
        if (last.get(name) === told) continue;
        last.set(name, told);
        yield notice;
      }
      if (left?.aborted !== true) over.throwIfAborted();
    },
    end: () => ending.abort(new ApiError({ code: "SHUTTING_DOWN" })),
  };
}

/** When the row was written says nothing of the model: a version that is declared and not in force yet changes no more. */
const markOf = (model: DataModelOutput | null): string =>
  model === null ? "" : hash("sha256", JSON.stringify({ ...model, updated_at: "" }), "base64url");

const namesOf = ({ model_name }: DataModelOutput): string => model_name;

/** A plain access token has no session whose end could be seen: its own is. */
function expiryOf({ held, accessToken }: Caller): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const { exp } = decodeJwt(accessToken);
  if (held !== null || exp === undefined) return { signal: controller.signal, [Symbol.dispose]: () => {} };
  const end = () => controller.abort(new ApiError({ code: "SESSION_EXPIRED" }));
  const timer = setTimeout(end, Math.min(Math.max(exp * 1000 - Date.now(), 0), longestTimerMs)).unref();
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

const longestTimerMs = 2 ** 31 - 1;

function tooMany(message: string): ApiError {
  return new ApiError({
    code: "RATE_LIMITED",
    message,
    hint: "Close a watch that is not needed any more, or try later.",
  });
}
