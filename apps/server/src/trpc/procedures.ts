import { getTRPCErrorFromUnknown, type TRPCError } from "@trpc/server";
import { jsonFault } from "@waybill/contracts";
import { type OperationContext, type Waybill, WaybillDbError } from "@waybill/db";
import type { Caller } from "../features/sessions/caller.ts";
import { ApiError, invalidField } from "./api-error.ts";
import type { RequestContext } from "./context.ts";
import { asApiError } from "./format-error.ts";
import { procedure } from "./init.ts";
import { type Grant, grants, may } from "./permissions.ts";
import { storeFailure } from "./store-failure.ts";

/** Anybody may call. All that it does upstream is recorded under the request's id. */
export const publicProcedure = procedure.meta({ permission: "anybody" }).use((call) => begun(call, () => call.next()));

/** Whoever holds a session token may call, even when the session has expired: to refresh it, or to end it. */
export const sessionProcedure = procedure.meta({ permission: "session holder" }).use((call) =>
  begun(call, async () => {
    const { ctx, next } = call;
    const held = await ctx.findHeld();
    if (held === null) throw unauthenticated();
    const { user_id, session_id } = held.session;
    const context = { request_id: ctx.requestId, user_id, session_id };
    return recorded(ctx.services.waybill, context, () => next({ ctx: { held } }));
  }),
);

/** Whoever has signed in may call: with a session token (`wbs_…`) or a Supabase access token as bearer. */
export const signedInProcedure = procedure.meta({ permission: "signed in" }).use((call) =>
  begun(call, async () => {
    const { ctx, next, meta } = call;
    const caller = await ctx.caller();
    if (caller === null) throw unauthenticated();
    const { waybill } = ctx.services;
    const session_id = caller.held?.session.session_id ?? null;
    const context = { request_id: ctx.requestId, user_id: caller.userId, session_id };
    const seesAll = meta?.seesAll !== undefined && may(caller, meta.seesAll);
    /** Whose rows the stores shall read: all of them, or those that the caller's own row-level security shows. */
    const readAs = () => (seesAll ? undefined : waybill.forUser(caller.accessToken));
    return recorded(waybill, context, () => next({ ctx: { caller, readAs } }));
  }),
);

/** Only who has the grant may call. */
export function grantedProcedure(grant: Grant) {
  return signedInProcedure.meta({ permission: grant }).use(({ ctx, next }) => {
    requireGrant(ctx.caller, grant);
    return next();
  });
}

/** Throws FORBIDDEN. */
export function requireGrant(caller: Caller, grant: Grant): void {
  if (may(caller, grant)) return;
  throw new ApiError({
    code: "FORBIDDEN",
    message: `To ${grants[grant]} takes the permission ${grant}`,
    hint: `Ask an operator to put ${grant} into your app_metadata.permissions, or to run: pnpm admin create <your email>; then sign in again.`,
  });
}

export function unauthenticated(): ApiError {
  return new ApiError({
    code: "UNAUTHENTICATED",
    hint: "Call sessions.login and send its session_token in the header authorization: Bearer <token>.",
  });
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: TRPCError };

/** What tRPC tells a middleware of a call. */
interface Call {
  readonly ctx: RequestContext;
  readonly path: string;
  readonly getRawInput: () => Promise<unknown>;
}

/**
 * What stands before every call: it is in view of metrics and traces where somebody looks at them, and recorded under
 * its request's id. One middleware does it all, since tRPC copies everything that a call carries for each.
 */
function begun<Result extends Outcome>({ ctx, path, getRawInput }: Call, rest: () => Promise<Result>): Promise<Result> {
  const { waybill, telemetry } = ctx.services;
  return telemetry.procedure({
    path,
    traceHeaders: ctx.traceHeaders,
    run: () =>
      recorded(waybill, { request_id: ctx.requestId }, async () => {
        refuseUnstorable(await getRawInput());
        return rest();
      }),
    codeOf: (result) => (result.ok ? "OK" : codeOfFailure(result.error)),
    codeOfFailure,
  });
}

function codeOfFailure(error: unknown): string {
  return asApiError(getTRPCErrorFromUnknown(error)).waybillCode;
}

/** Before any schema: neither zod nor Postgres should meet a NUL, half a surrogate pair or a thousand brackets. */
function refuseUnstorable(input: unknown): void {
  const fault = input === undefined ? null : jsonFault(input);
  if (fault !== null) throw invalidField(fault.path.join("."), "json", fault.message);
}

/** Runs the rest of a call in its context, and names the failed operation while that context still stands. */
function recorded<Result extends Outcome>(
  waybill: Waybill,
  context: OperationContext,
  rest: () => Promise<Result>,
): Promise<Result> {
  return waybill.run(context, async () => {
    try {
      const result = await rest();
      if (result.ok || result.error instanceof ApiError) return result;
      if (result.error.cause instanceof WaybillDbError) throw result.error.cause;
      return result;
    } catch (error) {
      throw error instanceof WaybillDbError ? storeFailure(error) : error;
    }
  });
}
