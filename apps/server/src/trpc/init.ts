import { initTRPC } from "@trpc/server";
import { asApiError, formatError } from "./format-error.ts";
import type { RequestContext } from "./context.ts";

const t = initTRPC.context<RequestContext>().create({
  errorFormatter: formatError,
  // otherwise answers would carry stacks wherever NODE_ENV is not set
  isDev: false,
});

/** Any procedure, in view of metrics and traces where somebody looks at them. */
export const procedure = t.procedure.use(({ ctx, path, next }) =>
  ctx.services.telemetry.procedure({
    path,
    traceHeaders: ctx.traceHeaders,
    run: next,
    codeOf: (result) => (result.ok ? "OK" : asApiError(result.error).waybillCode),
  }),
);
export const { router } = t;
