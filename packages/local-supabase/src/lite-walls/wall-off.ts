import { AsyncLocalStorage } from "node:async_hooks";
import { Kysely } from "kysely";
import type { LiteConnection } from "../lite.ts";
import { asPostgrestError } from "./data/errors.ts";
import { columnNamedCount } from "./data/column-named-count.ts";
import { dataRequest } from "./data/request.ts";
import { exposedSchema, type Introspection } from "./data/exposed-schema.ts";
import { faithfulInput } from "./data/faithful-input.ts";
import { withLiterals } from "./data/literal-filters.ts";
import { pgliteSessionDialect } from "./session/pglite-session.ts";
import { applyCaller, clearResponse } from "./request-context.ts";
import { SessionLock } from "./session/lock.ts";
import { postgrestTypes } from "./data/value-types.ts";

export interface WallOptions {
  /** Shared with everyone else who speaks to PGlite, such as the socket behind `dbUrl`. */
  lock?: SessionLock;
  /** How long one request may keep PGlite's session, in milliseconds. Default 60000. */
  holdMs?: number;
}

/**
 * Walls off the faults of lite's connection. Call it when PGlite is ready, whose start sets its own converters,
 * and before `new App(…)`, which copies `connection.kysely`.
 *
 * - PGlite's one session goes to one request at a time, from BEGIN to COMMIT, or callers read under each other's role.
 * - Roles apply from the first request on, whether or not a table has RLS by then.
 * - No GRANT ALL behind the back of a migration's REVOKE.
 * - The schema is never read inside a caller's transaction, where it would be seen with the caller's rights,
 *   and the Data API does not see the system's part of it.
 * - Values keep their meaning on the way in and take PostgREST's shapes on the way out.
 * - Every error of Postgres gets the status that PostgREST gives it.
 */
export function wallOff(connection: LiteConnection, options: WallOptions = {}): { lock: SessionLock } {
  const lock = options.lock ?? new SessionLock();
  if ("isInTransaction" in connection.driver) {
    const pglite = connection.driver;
    connection.kysely = new Kysely({
      dialect: pgliteSessionDialect(pglite, { lock, holdMs: options.holdMs ?? 60_000 }),
    });
    wallOffStatements(connection, lock);
    Object.assign(pglite.serializers, postgrestTypes.serializers);
    Object.assign(pglite.parsers, postgrestTypes.parsers);
  } else {
    Object.assign(connection.driver.options.serializers, postgrestTypes.serializers);
    Object.assign(connection.driver.options.parsers, postgrestTypes.parsers);
  }
  wallOffSchemaCache(connection);
  // Private members of lite: "active" keeps it from looking for RLS once and from granting everything.
  Object.assign(connection, {
    rlsState: "active",
    applyJwtSessionContext: applyCaller,
    applyRpcRequestGucs: clearResponse,
  });
  connection.normalizeDbError = asPostgrestError;
  const onPostgrestAST = connection.onPostgrestAST.bind(connection);
  connection.onPostgrestAST = async (tree) => {
    const schema = await connection.introspect({ useCache: true });
    const literal = withLiterals(await onPostgrestAST(tree), dataRequest.getStore()?.literals ?? new Map());
    return columnNamedCount(faithfulInput(literal, schema), schema);
  };
  return { lock };
}

/** `exec` and `transaction` of lite go past Kysely, straight to PGlite. */
function wallOffStatements(connection: LiteConnection, lock: SessionLock): void {
  const holding = new AsyncLocalStorage<true>();
  const exclusively = <T>(work: () => Promise<T>): Promise<T> =>
    holding.getStore() ? work() : lock.run(() => holding.run(true, work));
  const exec = connection.exec.bind(connection);
  const transaction = connection.transaction.bind(connection);
  connection.exec = (query, ...parameters) =>
    // With parameters lite goes through Kysely, which takes the lock itself.
    parameters.length > 0 ? exec(query, ...parameters) : exclusively(() => exec(query));
  connection.transaction = (statements, transactionOptions) =>
    exclusively(() => transaction(statements, transactionOptions));
}

/** One reading of the schema at a time, and the same one for the whole of a transaction. */
function wallOffSchemaCache(connection: LiteConnection): void {
  const inTransaction = new AsyncLocalStorage<Introspection>();
  const introspect = connection.introspect.bind(connection);
  const clearSchemaCache = connection.clearSchemaCache.bind(connection);
  let reading: Promise<Introspection> | undefined;
  let generation = 0;
  const readOnce = async (): Promise<Introspection> => {
    const readGeneration = generation;
    const schema = await introspect({ useCache: true });
    // Cleared while it was being read: what lite has just cached may be from before the change.
    if (readGeneration !== generation) await clearSchemaCache();
    return schema;
  };
  const read = (): Promise<Introspection> => {
    if (reading) return reading;
    const started = readOnce().finally(() => {
      if (reading === started) reading = undefined;
    });
    reading = started;
    return started;
  };
  connection.introspect = async (introspectOptions) => {
    const schema =
      inTransaction.getStore() ?? (await (introspectOptions?.useCache ? read() : introspect(introspectOptions)));
    const request = dataRequest.getStore();
    return request ? exposedSchema(schema, request.profile) : schema;
  };
  connection.clearSchemaCache = async () => {
    generation += 1;
    reading = undefined;
    await clearSchemaCache();
  };
  const withContext = connection.withContext.bind(connection);
  connection.withContext = async (vars, work, contextOptions) => {
    const schema = await connection.introspect({ useCache: true });
    return inTransaction.run(schema, () => withContext(vars, work, contextOptions));
  };
  const runInTransaction = connection.runInTransaction.bind(connection);
  connection.runInTransaction = async (work) => {
    const schema = await connection.introspect({ useCache: true });
    return inTransaction.run(schema, () => runInTransaction(work));
  };
}
