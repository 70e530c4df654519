import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOf } from "../../../testing/client-of.ts";
import { newModel } from "../../../testing/new-model.ts";
import { watchOf } from "../../../testing/notices.ts";
import { forkServer, type ServerProcess } from "../../../testing/server-process.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { type Stack, stackOn } from "../../../testing/stack-on.ts";
import { credentials, openStage, projectEnv, type Stage } from "../../../testing/stage.ts";

// PGlite passes no notification on, so its servers look; native ones hear
describe.each(["pglite", "native"] as const)("with two servers on %s", (engine) => {
  let stack: Stack;
  let sql: Sql;
  let stage: Stage;
  let other: ServerProcess;
  const opened = new AsyncDisposableStack();
  beforeAll(async () => {
    stack = await stackOn(engine, opened);
    sql = openSql(stack.dbUrl);
    opened.defer(() => sql.end());
    const directory = await mkdtemp(join(tmpdir(), "waybill-watch-"));
    opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
    other = opened.use(forkServer(await projectEnv(directory, stack)));
    stage = opened.use(await openStage({ stack }));
    await other.ready;
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  it.runIf(engine === "native")("each that has the database's address listens", async () => {
    const listening = () => sql`select pid from pg_stat_activity where query = 'listen waybill_models'`;
    await expect.poll(async () => (await listening()).length, { timeout: 10_000 }).toBe(2);
  });

  it("a change by one reaches who watches at the other within two seconds", async () => {
    const { url } = await other.ready;
    const [email, password] = credentials();
    await clientOf(url).sessions.signUp.mutate({ email, password });
    const { session_token: bearer } = await clientOf(url).sessions.login.mutate({ email, password });
    const admin = await stage.newAdmin();
    const model_name = await newModel(sql, admin);
    using watching = watchOf(clientOf(url, { bearer }), [model_name]);
    expect(await watching.next()).toMatchObject({ model: { is_active: true } });
    const took: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const active = round % 2 === 1;
      await (active
        ? admin.api.models.reactivate.mutate({ model_name })
        : sql`update public.data_models set is_active = false where model_name = ${model_name}`);
      const begun = performance.now();
      const { model } = await watching.next();
      took.push(performance.now() - begun);
      expect(model?.is_active ?? false).toBe(active);
    }
    // the median, since a machine may stand still for a moment
    expect(took.toSorted((a, b) => a - b)[3]).toBeLessThan(2_000);
  });
});
