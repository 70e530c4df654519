import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { initTRPC, TRPCError } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { z } from "zod";

const t = initTRPC.context<{ batches: StubBatch[] }>().create({
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
      ...(error.cause instanceof RefusedRow ? { issues: [error.cause.issue] } : {}),
    },
  }),
});

/** As the server says which row of a batch it refuses, and why. */
class RefusedRow extends Error {
  readonly issue: { readonly field: string; readonly rule: string; readonly message: string };

  constructor(index: number) {
    super("A row was refused");
    this.issue = { field: `rows.${index}.title`, rule: "minLength", message: "must not be empty" };
  }
}

const batchSchema = z.object({
  rows: z.array(z.record(z.string(), z.unknown())),
  idempotency_key: z.string(),
});
export type StubBatch = z.output<typeof batchSchema>;

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
    createMany: t.procedure.input(batchSchema).mutation(({ input, ctx }) => {
      const index = input.rows.findIndex(({ title }) => title === "");
      if (index >= 0) throw new TRPCError({ code: "BAD_REQUEST", cause: new RefusedRow(index) });
      ctx.batches.push(input);
      return { rows: input.rows };
    }),
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
  const batches: StubBatch[] = [];
  let losing = 0;
  const server = createHTTPServer({
    router,
    basePath: "/trpc/",
    createContext: () => ({ batches }),
    middleware: (request, response, next) => {
      seen.push({ url: request.url ?? "", headers: request.headers });
      if (losing > 0) {
        losing -= 1;
        // what is asked is done, and nobody hears of it
        response.write = () => !response.destroy().destroyed;
        response.end = () => response.destroy();
      }
      next();
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    seen,
    /** What createMany was given and took. */
    batches,
    /** The next so many answers are lost. */
    lose: (answers: number) => void (losing = answers),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
