import {
  databaseOperationFilterSchema,
  databaseOperationOutputSchema,
  siblingLimit,
  siblingOperationSchema,
  type DatabaseOperationDetail,
  type DatabaseOperationOutput,
  type OperationAdvice,
  type SiblingOperation,
  type slowOperationsInputSchema,
  type SlowOperations,
} from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Database } from "../database.types.ts";
import { WaybillDbError } from "../errors.ts";
import { rowsOf } from "./answer.ts";
import { parseInput } from "./input.ts";
import { conditions, endingAt, type IdBounds, idBounds, newestDayFirst } from "./operations-filter.ts";
import { adviseOperation, slowOperations } from "./operations-slow.ts";
import { type Page, pageOfRows, rowReader } from "./page.ts";

export type OperationPage = Page<DatabaseOperationOutput>;

/**
 * Reads the records (data-model.md §2). Without `caller` it reads all of them, by the service key; with the client of a
 * signed-in caller its own, and the bodies only of the calls that its own key made.
 */
export interface OperationStore {
  /** Newest first, by every indexed field. The range is created_from ≤ created_at < created_before. */
  list(
    filter?: z.input<typeof databaseOperationFilterSchema>,
    caller?: SupabaseClient<Database>,
  ): Promise<OperationPage>;
  /**
   * One record, and what else its request did that the caller may see.
   * Throws `NOT_FOUND` for one that is not there, or that the caller may not see.
   */
  get(operationId: string, caller?: SupabaseClient<Database>): Promise<DatabaseOperationDetail>;
  /** The kinds of operations of everybody that took the most time. */
  slow(input: z.input<typeof slowOperationsInputSchema>): Promise<SlowOperations>;
  /** Plan and indexes for the query of one record. Throws `NOT_FOUND`. */
  advise(operationId: string): Promise<OperationAdvice>;
}

const columns = Object.keys(databaseOperationOutputSchema.shape).join(",");
const siblingColumns = Object.keys(siblingOperationSchema.shape).join(",");

const bodiesSchema = databaseOperationOutputSchema.pick({ operation_id: true, query_data: true, response_data: true });
const bodyColumns = Object.keys(bodiesSchema.shape).join(",");
/** Identifiers in an address, which proxies bound to some kilobytes. */
const idsAtOnce = 100;

/** The views and the table have the same columns: by whose rights, and whether ids and times are in step. */
const sources = {
  all: { inStep: "database_operations", outOfStep: "operations_out_of_step" },
  own: { inStep: "own_operations", outOfStep: "own_operations_out_of_step" },
} as const;

export function createOperationStore(service: SupabaseClient<Database>, readRows = rowReader()): OperationStore {
  // Rows are typed by their contract, not by the client.
  const clientOf = (caller?: SupabaseClient): SupabaseClient => caller ?? service;
  const namesFor = (caller?: SupabaseClient) => (caller === undefined ? sources.all : sources.own);
  const cursorOf = (row: { readonly operation_id: string }) => row.operation_id;

  const siblingsOf = async (
    { operation_id, request_id }: DatabaseOperationOutput,
    caller: SupabaseClient | undefined,
  ): Promise<Pick<DatabaseOperationDetail, "siblings" | "more_siblings">> => {
    if (request_id === null) return { siblings: [], more_siblings: false };
    const read = (side: "before" | "after") => async (cursor: string | undefined, count: number) => {
      const source = clientOf(caller).from(namesFor(caller).inStep).select(siblingColumns).eq("request_id", request_id);
      const from = cursor ?? operation_id;
      const query = side === "before" ? source.lt("operation_id", from) : source.gt("operation_id", from);
      const answer = await query.order("operation_id", { ascending: side === "after" }).limit(count);
      return rowsOf("Reading the operations of the request", siblingOperationSchema, answer);
    };
    const [before, after] = await Promise.all([
      readRows({ cursor: undefined, cursorOf, read: read("before") }, siblingLimit + 1),
      readRows({ cursor: undefined, cursorOf, read: read("after") }, siblingLimit + 1),
    ]);
    return nearest(before, after);
  };

  /**
   * Of a caller's own records the bodies are in a view that no order reaches into: a page of it would read all that the
   * caller ever did. So the page comes from the table, under its policy, and the bodies for the page.
   */
  const withBodies = async (
    rows: readonly SiblingOperation[],
    caller: SupabaseClient,
  ): Promise<DatabaseOperationOutput[]> => {
    const bodies = new Map<string, z.output<typeof bodiesSchema>>();
    for (let at = 0; at < rows.length; at += idsAtOnce) {
      const ids = rows.slice(at, at + idsAtOnce).map(cursorOf);
      const read = async (cursor: string | undefined, count: number) => {
        const source = caller.from(sources.own.inStep).select(bodyColumns);
        const query = source.in("operation_id", cursor === undefined ? ids : ids.filter((id) => id < cursor));
        const answer = await query.order("operation_id", { ascending: false }).limit(count);
        return rowsOf("Reading the bodies of operations", bodiesSchema, answer);
      };
      for (const body of await readRows({ cursor: undefined, cursorOf, read }, ids.length)) {
        bodies.set(body.operation_id, body);
      }
    }
    const none = { query_data: null, response_data: null };
    return rows.map((row) => ({ ...row, ...(bodies.get(row.operation_id) ?? none) }));
  };

  return {
    async list(input, caller) {
      const filter = parseInput("The filter of operations", databaseOperationFilterSchema, input ?? {});
      const { cursor, limit } = filter;
      const { outOfStep } = namesFor(caller);
      const read =
        <Shape extends typeof siblingOperationSchema>(source: string, shape: Shape, bounds: IdBounds) =>
        async (after: string | undefined, count: number) => {
          let query = clientOf(caller).from(source).select(Object.keys(shape.shape).join(","));
          for (const [column, operator, value] of conditions(filter, endingAt(bounds, after)))
            query = query.filter(column, operator, value);
          const answer = await query.order("operation_id", { ascending: false }).limit(count);
          return rowsOf("Listing operations", shape, answer);
        };
      const most = limit + 1;
      const bounds = idBounds(filter);
      const inTurn = async <Shape extends typeof siblingOperationSchema>(shape: Shape) => {
        const rows: z.output<Shape>[] = [];
        for (const part of newestDayFirst(bounds, cursor, Date.now())) {
          const list = { cursor, cursorOf, read: read(sources.all.inStep, shape, part) };
          if (rows.length < most) rows.push(...(await readRows(list, most - rows.length)));
        }
        return rows;
      };
      const whole = databaseOperationOutputSchema;
      const inside =
        caller === undefined ? inTurn(whole) : inTurn(siblingOperationSchema).then((rows) => withBodies(rows, caller));
      const byTime = bounds.from !== undefined || bounds.before !== undefined;
      const outside = byTime ? readRows({ cursor, cursorOf, read: read(outOfStep, whole, {}) }, most) : [];
      const found = await Promise.all([inside, outside]);
      return pageOfRows(newestFirst(found.flat()), limit, cursorOf);
    },

    async get(operationId, caller) {
      const query = clientOf(caller).from(namesFor(caller).inStep).select(columns);
      const answer = await query.eq("operation_id", operationId).limit(1);
      const [row] = rowsOf("Reading the operation", databaseOperationOutputSchema, answer);
      if (row === undefined) throw new WaybillDbError({ code: "NOT_FOUND", message: "There is no such operation." });
      return { ...row, ...(await siblingsOf(row, caller)) };
    },

    slow: (input) => slowOperations(service, input),
    advise: (operationId) => adviseOperation(service, operationId),
  };
}

/** Rows of two lists in one order; a row may stand in both. */
function newestFirst(rows: readonly DatabaseOperationOutput[]): DatabaseOperationOutput[] {
  const unique = new Map(rows.map((row) => [row.operation_id, row]));
  return [...unique.values()].sort((a, b) => (a.operation_id < b.operation_id ? 1 : -1));
}

/** So many of both sides that none is far while a nearer one is left out: half of each, or more where the other has less. */
function nearest(before: readonly SiblingOperation[], after: readonly SiblingOperation[]) {
  const half = siblingLimit / 2;
  const ahead = after.slice(0, Math.max(half, siblingLimit - before.length));
  const behind = before.slice(0, siblingLimit - ahead.length);
  return {
    siblings: [...behind.toReversed(), ...ahead],
    more_siblings: before.length + after.length > siblingLimit,
  };
}
