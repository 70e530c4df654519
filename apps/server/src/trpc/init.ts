import { initTRPC } from "@trpc/server";
import { formatError } from "./format-error.ts";
import type { RequestContext } from "./context.ts";
import type { ProcedureMeta } from "./permissions.ts";

const t = initTRPC
  .context<RequestContext>()
  .meta<ProcedureMeta>()
  .create({
    errorFormatter: formatError,
    // otherwise answers would carry stacks wherever NODE_ENV is not set
    isDev: false,
    // proxies close what says nothing for a minute, and a caller that hears nothing for so long asks anew
    sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 45_000 } },
  });

export const { router, procedure } = t;
