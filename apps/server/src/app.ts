import { createExpressMiddleware } from "@trpc/server/adapters/express";
import cors from "cors";
import express, { type Express, type RequestHandler } from "express";
import type { Logger } from "pino";
import { appRouter } from "./app-router.ts";
import { exportOperations } from "./features/operations/export.ts";
import { readBody } from "./http/body.ts";
import { guardCookies } from "./http/first-hand.ts";
import { assignRequestId } from "./http/request-id.ts";
import { answerUnchanged, keepingHeaders } from "./http/revalidation.ts";
import { refuseHeaders } from "./http/refuse-headers.ts";
import { dataPolicy, securityHeaders } from "./http/security-headers.ts";
import { answerErrors, answerNotFound } from "./http/send-error.ts";
import { checkUrl } from "./http/url.ts";
import { ApiError } from "./trpc/api-error.ts";
import { contextOf } from "./trpc/context.ts";
import { reportUnexpected } from "./trpc/format-error.ts";
import { metricsRoute } from "./telemetry/metrics-route.ts";
import type { Services } from "./services.ts";
import type { TrustProxy } from "./start/trust-proxy.ts";

export interface AppOptions {
  readonly services: Services;
  readonly logger: Logger;
  readonly allowedOrigins: readonly string[];
  readonly bodyBytes: number;
  readonly batchCalls: number;
  readonly metricsToken: string | undefined;
  readonly trustProxy: TrustProxy;
}

/** The HTTP application: `/trpc`, `/operations/export`, `/health`, `/ready`, `/metrics`, and one shape for every error. */
export function createApp(options: AppOptions): Express {
  const { services, logger, allowedOrigins, bodyBytes, metricsToken, trustProxy } = options;
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", "simple");
  app.set("trust proxy", trustProxy);
  app.use(assignRequestId, securityHeaders(dataPolicy), refuseHeaders, allowOrigins(allowedOrigins), checkUrl);
  app.get("/health", (_request, response) => void response.json({ status: "ok" }));
  app.get("/ready", (_request, response) => {
    const ready = services.waybill.ready();
    response
      .status(ready ? 200 : 503)
      .json(
        ready
          ? { status: "ready" }
          : { status: "not_ready", message: "Supabase has not been reached yet; the server keeps trying" },
      );
  });
  app.get("/metrics", metricsRoute(services.telemetry, metricsToken));
  // what follows costs something; whoever looks after the server asks what stands before
  app.use(services.door.admitAddress);
  const guard = guardCookies(allowedOrigins);
  app.get("/operations/export", guard, exportOperations(services, logger));
  const trpc = procedures(options);
  app.use("/trpc", allowMethods, guard, ...readBody(bodyBytes), answerUnchanged, trpc);
  app.use(answerNotFound);
  app.use(answerErrors(logger));
  return app;
}

/** Queries whose input may be longer than a URL: a POST asks them too. */
const postedQueries: ReadonlySet<string> = new Set(["/models.validate"]);

function procedures(options: AppOptions): RequestHandler {
  const [byMethod, byEither] = [procedureHandler(options, false), procedureHandler(options, true)];
  return (request, response, next) => {
    const handler = postedQueries.has(request.path) ? byEither : byMethod;
    return handler(request, response, next);
  };
}

function procedureHandler(
  { services, logger, allowedOrigins, batchCalls }: AppOptions,
  allowMethodOverride: boolean,
): RequestHandler {
  return createExpressMiddleware({
    allowMethodOverride,
    router: appRouter,
    createContext: contextOf(services, allowedOrigins),
    maxBatchSize: batchCalls,
    responseMeta: keepingHeaders,
    onError: reportUnexpected(logger),
  });
}

function allowOrigins(origins: readonly string[]): RequestHandler {
  return cors(({ headers: { origin } }, decide) => {
    decide(null, {
      origin: [...origins],
      // with the session's cookie
      credentials: origin !== undefined && origins.includes(origin),
      methods: ["GET", "POST"],
      allowedHeaders: ["authorization", "content-type", "trpc-accept", "x-request-id", "x-waybill-csrf"],
      exposedHeaders: ["x-request-id", "retry-after"],
      maxAge: 600,
    });
  });
}

/** tRPC reads with GET and writes with POST; its adapter would fail on a method that fetch does not know, such as TRACE. */
const allowMethods: RequestHandler = (request, response, next) => {
  if (request.method === "GET" || request.method === "POST") {
    next();
    return;
  }
  response.setHeader("allow", "GET, POST");
  throw new ApiError({
    code: "MALFORMED_REQUEST",
    trpcCode: "METHOD_NOT_SUPPORTED",
    message: `${request.method} is not a method of a procedure`,
    hint: "Call queries with GET and mutations with POST.",
  });
};
