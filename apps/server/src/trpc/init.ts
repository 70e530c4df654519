import { initTRPC } from "@trpc/server";
import { formatError } from "./format-error.ts";
import type { RequestContext } from "./context.ts";
import type { ProcedureMeta } from "./permissions.ts";

const t = initTRPC.context<RequestContext>().meta<ProcedureMeta>().create({
  errorFormatter: formatError,
  // otherwise answers would carry stacks wherever NODE_ENV is not set
  isDev: false,
});

export const { router, procedure } = t;
