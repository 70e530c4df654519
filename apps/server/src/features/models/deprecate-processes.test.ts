import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { clientOf } from "../../testing/client-of.ts";
import { newModel } from "../../testing/new-model.ts";
import { refusalOf } from "../../testing/refusal.ts";
import { forkServer, type ServerProcess } from "../../testing/server-process.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { credentials, openStage, projectEnv, type Stage } from "../../testing/stage.ts";

const stack = inject("stack");
let sql: Sql;
let stage: Stage;
let other: ServerProcess;
let directory: string;
beforeAll(async () => {
  sql = openSql(stack.dbUrl);
  directory = await mkdtemp(join(tmpdir(), "waybill-deprecate-"));
  other = forkServer(await projectEnv(directory, stack));
  stage = await openStage();
});
afterAll(async () => {
  await sql.end();
  await other[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
});

it("no process takes an operation on a model from the moment on that its deprecation is answered", async () => {
  const admin = await stage.newAdmin();
  const { url } = await other.ready;
  const [email, password] = credentials();
  await clientOf(url).sessions.signUp.mutate({ email, password });
  const { session_token = "" } = await clientOf(url).sessions.login.mutate({ email, password });
  const api = clientOf(url, { bearer: session_token });

  for (let round = 0; round < 3; round += 1) {
    const model = await newModel(sql, admin);
    const { calls, ...load } = startCalling(model, api);
    await expect.poll(() => calls.length, patient).toBeGreaterThan(20);
    await load.until(() => admin.api.models.deprecate.mutate({ model_name: model }));
    const codes = (after: boolean) =>
      new Set(calls.filter((call) => call.begunAfter === after).map(({ code }) => code));
    expect(codes(true)).toEqual(new Set(["MODEL_INACTIVE"]));
    expect(codes(false)).toContain("OK");
    expect([...codes(false)].filter((code) => code !== "OK" && code !== "MODEL_INACTIVE")).toEqual([]);
  }
}, 60_000);

const patient = { timeout: 10_000, interval: 20 };

/** Reads and writes as fast as it can, so that the server always holds what it read of the model a moment ago. */
function startCalling(model: string, { data }: ReturnType<typeof clientOf>) {
  const calls: { readonly begunAfter: boolean; readonly code: string }[] = [];
  const state = { isDeprecated: false, isOver: false };
  const caller = async (nth: number): Promise<void> => {
    while (!state.isOver) {
      const begunAfter = state.isDeprecated;
      const call =
        nth % 2 === 0 ? data.list.query({ model, limit: 1 }) : data.create.mutate({ model, row: { id: randomUUID() } });
      const code = await call.then(
        () => "OK",
        async () => (await refusalOf(call)).code,
      );
      calls.push({ begunAfter, code });
    }
  };
  const callers = [0, 1, 2, 3].map(caller);
  return {
    calls,
    until: async (deprecated: () => Promise<unknown>): Promise<void> => {
      await deprecated();
      state.isDeprecated = true;
      await expect.poll(() => calls.filter(({ begunAfter }) => begunAfter).length, patient).toBeGreaterThan(20);
      state.isOver = true;
      await Promise.all(callers);
    },
  };
}
