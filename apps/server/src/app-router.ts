import { clientsRouter } from "./features/clients/router.ts";
import { dataRouter } from "./features/data/router.ts";
import { modelsRouter } from "./features/models/router.ts";
import { operationsRouter } from "./features/operations/router.ts";
import { sessionsRouter } from "./features/sessions/router.ts";
import { systemRouter } from "./features/system/router.ts";
import { router } from "./trpc/init.ts";

/** The whole API. */
export const appRouter = router({
  clients: clientsRouter,
  data: dataRouter,
  models: modelsRouter,
  operations: operationsRouter,
  sessions: sessionsRouter,
  system: systemRouter,
});

export type AppRouter = typeof appRouter;
