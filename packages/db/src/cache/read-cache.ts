import { LRUCache } from "lru-cache";
import type { Passing, ReadThrough } from "../client/call/read-through.ts";
import { isOutage, readErrorBody } from "../client/call/failure.ts";
import { embedsOthers, parseSearch } from "../client/capture/redact-search.ts";
import { CallError } from "../client/errors.ts";
import { isUnsent } from "../client/transport/unsent.ts";
import { type CacheOptions, type CacheRule, type CacheRules, readCacheOptions } from "./cache-options.ts";
import { cacheKey, isCacheable, tokensEndAt } from "./cacheable.ts";
import { type KeptAnswer, readAnswer, responseOf, sizeOf } from "./kept-answer.ts";
import { type Marks, TableMarks } from "./table-marks.ts";

/** Answers of the Data API kept in memory, each for the caller that it was given to. */
export interface ReadCache extends ReadThrough {
  /** Drops what a change of this table may have changed, for changes that came by another way. */
  invalidate(table: string): void;
}

/** The clocks, for tests: `monotonic` only grows, `wall` is ms since 1970. */
export interface CacheClocks {
  readonly monotonic: () => number;
  readonly wall: () => number;
}

const CLOCKS: CacheClocks = { monotonic: () => performance.now(), wall: Date.now };

/** @throws WaybillDbError `ENVIRONMENT_INVALID`, naming the member of the options and its rule */
export function createReadCache(options: CacheOptions, clocks: CacheClocks = CLOCKS): ReadCache {
  const rules = readCacheOptions(options);
  const names = [...rules.tables.values()].flatMap((rule) => rule.names);
  const marks = new TableMarks(names, clocks.monotonic);
  const kept = new LRUCache<string, KeptAnswer>({ maxSize: rules.maxBytes, sizeCalculation: sizeOf });
  const reads = new CachedReads(rules, clocks, marks, kept);
  return {
    async pass(passing) {
      const { call } = passing;
      const ended = marks.begin(call.kind);
      if (ended !== undefined) return await passWrite(passing, ended);
      const rule = isCacheable(call) ? rules.tables.get(call.kind.table_name) : undefined;
      return rule === undefined ? await passing.send() : await reads.answer(rule, passing);
    },
    invalidate: (table) => marks.changed(table),
  };
}

/** A write whose answer did not come may have taken effect, or take it yet. */
async function passWrite(passing: Passing, ended: (isKnown: boolean) => void): Promise<Response> {
  let isKnown = false;
  try {
    const response = await passing.send();
    isKnown = !(await isOutageOf(passing.call.kind.service, response));
    return response;
  } catch (error) {
    // Waybill's own refusals: it was not sent, or its answer was too long
    isKnown = isUnsent(error) || (error instanceof CallError && error.code !== "OPERATION_TIMEOUT");
    throw error;
  } finally {
    ended(isKnown);
  }
}

/** Whether the answer is the connection's own failure. What a caller's function raises, or answers, it can provoke. */
async function isOutageOf(service: Passing["call"]["kind"]["service"], response: Response): Promise<boolean> {
  if (response.status < 500 || service === "functions") return false;
  return isOutage(response.status, readErrorBody(await response.clone().text()), service);
}

/** A read under way, which equal ones wait for. */
interface Flight {
  readonly stamp: number;
  /** Null where there is nothing to share. Never rejects. */
  readonly answered: Promise<KeptAnswer | null>;
}

/** One read, with what it is looked up by. */
interface Lookup {
  readonly key: string;
  readonly marks: Marks;
  readonly stamp: number;
}

class CachedReads {
  readonly #rules: CacheRules;
  readonly #clocks: CacheClocks;
  readonly #marks: TableMarks;
  readonly #kept: LRUCache<string, KeptAnswer>;
  readonly #flights = new Map<string, Flight>();
  /** From when a refresh is asked for, since its journal comes before its flight. */
  readonly #refreshing = new Set<string>();

  constructor(rules: CacheRules, clocks: CacheClocks, marks: TableMarks, kept: LRUCache<string, KeptAnswer>) {
    this.#rules = rules;
    this.#clocks = clocks;
    this.#marks = marks;
    this.#kept = kept;
  }

  async answer(rule: CacheRule, passing: Passing): Promise<Response> {
    const { request } = passing.call;
    const marks = this.#marks.of(rule.names, embedsOthers(parseSearch(request.query)));
    const stamp = this.#marks.stampOf(marks);
    const tokenEndsAt = tokensEndAt(request.headers);
    if (stamp === null || tokenEndsAt === null || this.#clocks.wall() >= tokenEndsAt) return await passing.send();
    const lookup = { key: cacheKey(request), marks, stamp };
    if (passing.refresh === null) return await this.#fill(lookup, passing);

    const kept = this.#find(rule, lookup);
    if (kept !== undefined) {
      if (this.#clocks.monotonic() - kept.readAt >= rule.ttlMs) this.#refresh(lookup.key, passing.refresh);
      return this.#give(kept, passing);
    }
    const flight = this.#flights.get(lookup.key);
    if (flight === undefined || flight.stamp !== stamp) return await this.#fill(lookup, passing);
    const shared = await passing.limit.during(flight.answered);
    // whatever kept that one from its answer, this one's own request tells its caller
    return shared === null ? await passing.send() : this.#give(shared, passing);
  }

  /** What is kept and may still be given. */
  #find({ ttlMs, staleMs }: CacheRule, { key, stamp }: Lookup): KeptAnswer | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.stamp === stamp && this.#clocks.monotonic() - kept.readAt < ttlMs + staleMs) return kept;
    this.#kept.delete(key);
    return undefined;
  }

  #refresh(key: string, refresh: () => Promise<Response>): void {
    if (this.#refreshing.has(key)) return;
    this.#refreshing.add(key);
    // what became of it stands in its own record
    const over = (): void => void this.#refreshing.delete(key);
    refresh().then(over, over);
  }

  /** Sends the read, and keeps its answer unless a write came in between. */
  async #fill({ key, marks, stamp }: Lookup, passing: Passing): Promise<Response> {
    const { promise: answered, resolve } = Promise.withResolvers<KeptAnswer | null>();
    const flight: Flight = { stamp, answered };
    this.#flights.set(key, flight);
    let came: KeptAnswer | null = null;
    try {
      // its age counts from before it was read, so that it can only be told too old
      const readAt = this.#clocks.monotonic();
      const response = await passing.send();
      const answer = await readAnswer(response);
      if (answer !== null) came = { answer, operationId: passing.call.operationId, readAt, stamp };
      this.#keep(key, came, response.status, this.#marks.stampOf(marks) === stamp);
      return response;
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      resolve(came);
    }
  }

  #keep(key: string, came: KeptAnswer | null, status: number, holds: boolean): void {
    if (came === null) {
      // Supabase refuses now what it gave before; a failure of its own says nothing about the answer
      if (status < 500) this.#kept.delete(key);
    } else if (holds && came.answer.body.length <= this.#rules.maxAnswerBytes) this.#kept.set(key, came);
  }

  /** Answers from memory: nothing was sent, and the body stands in the record of the operation that fetched it. */
  #give(kept: KeptAnswer, { call, settle }: Passing): Response {
    const now = this.#clocks.monotonic();
    const age = Math.max(0, Math.round(now - kept.readAt));
    // this very token was taken when the answer was fetched
    if (call.subject !== null) call.subject.proven = true;
    settle.succeeded(
      `{"cached":true,"operation_id":"${kept.operationId}","age_ms":${age},"bytes":${kept.answer.body.length}}`,
    );
    return responseOf(kept, call, now);
  }
}
