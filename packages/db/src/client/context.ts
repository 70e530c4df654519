import { AsyncLocalStorage } from "node:async_hooks";
import { semverSchema, userIdSchema, uuidSchema } from "@waybill/contracts";
import { z } from "zod";

/** Who asks, and on whose behalf: what an operation's record needs besides the request itself. */
export interface OperationContext {
  readonly request_id: string;
  readonly user_id?: string | null;
  /** → authentication_contexts.session_id */
  readonly session_id?: string | null;
  /** → data_models.model_id */
  readonly model_id?: string | null;
  /** The model's version at this moment (semver). */
  readonly schema_version?: string | null;
}

const nullableUuid = uuidSchema.nullish();

/** What the columns of a record take: a context that breaks it would have every record in it refused. */
export const operationContextSchema = z.object({
  request_id: z.string().regex(/^[!-~]{1,200}$/, { error: "must be 1 to 200 visible ASCII characters" }),
  user_id: userIdSchema.nullish(),
  session_id: nullableUuid,
  model_id: nullableUuid,
  schema_version: semverSchema.nullish(),
});

interface Scope {
  readonly context: OperationContext;
  lastOperationId: string | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Runs `work` so that every operation begun in it, however deep, is recorded under `context`. */
export function runInContext<T>(context: OperationContext, work: () => T): T {
  return scopes.run({ context, lastOperationId: undefined }, work);
}

/** The context in force; none outside {@link runInContext}, where every call has a request id of its own. */
export function currentContext(): OperationContext | undefined {
  return scopes.getStore()?.context;
}

/** Runs `work` under the context in force, whose caller does not see the operations begun in it as its own last one. */
export function inScopeOfItsOwn<T>(work: () => T): T {
  const context = currentContext();
  return context === undefined ? work() : runInContext(context, work);
}

/** The operation last begun in this context, to be named in an error; none outside a context. */
export function lastOperationId(): string | undefined {
  return scopes.getStore()?.lastOperationId;
}

export function noteOperation(operationId: string): void {
  const scope = scopes.getStore();
  if (scope !== undefined) scope.lastOperationId = operationId;
}
