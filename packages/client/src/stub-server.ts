import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { initTRPC, TRPCError } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";

const t = initTRPC.create({
  errorFormatter: ({ shape, error }) => ({
    ...shape,
    data: {
      code: "NOT_FOUND",
      message: error.message,
      hint: "Check the key.",
      operation_id: null,
      request_id: "r1",
      httpStatus: 404,
      path: null,
    },
  }),
});

/** Procedures with the paths and the shapes that the client itself looks at; the whole API is tested by the demo's smoke. */
const router = t.router({
  sessions: t.router({
    login: t.procedure.mutation(() => ({ session_token: "wbs_login" })),
    refresh: t.procedure.mutation(() => ({ session_token: "wbs_refreshed" })),
    logout: t.procedure.mutation(() => ({})),
    me: t.procedure.query(() => ({ session_token: 42 })),
  }),
  system: t.router({
    health: t.procedure.query(() => ({ status: "ok" })),
  }),
  data: t.router({
    list: t.procedure.query(() => ({ rows: [{ id: "1", title: "Emma" }], next_cursor: null })),
    get: t.procedure.query(() => ({ id: "1" })),
  }),
  models: t.router({
    list: t.procedure.query((): never => {
      throw new TRPCError({ code: "NOT_FOUND", message: "There is no such thing" });
    }),
  }),
});

export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A tRPC server on a free port that keeps what it was asked. */
export async function startStubServer() {
  const seen: SeenRequest[] = [];
  const server = createHTTPServer({
    router,
    basePath: "/trpc/",
    middleware: (request, _response, next) => {
      seen.push({ url: request.url ?? "", headers: request.headers });
      next();
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
