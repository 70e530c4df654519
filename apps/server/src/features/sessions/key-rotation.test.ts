import { makeEncryptionKey } from "@waybill/db";
import { start } from "@waybill/local-supabase";
import { expect, it } from "vitest";
import { openSql } from "../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../testing/stage.ts";

/** What each of them does all the while; the loop's promise tells how often it went well. */
function callAllTheWhile(stage: Stage, people: readonly Person[]) {
  const ended = new AbortController();
  const loops = people.map(async ({ sessionToken, userId }, at) => {
    const { sessions } = stage.client(sessionToken);
    let calls = 0;
    for (; !ended.signal.aborted; calls += 1) {
      // some refresh, so that rows change under the job
      if (at % 2 === 0) await sessions.refresh.mutate();
      expect((await sessions.me.query()).user_id).toBe(userId);
    }
    return calls;
  });
  return async () => {
    ended.abort();
    return Promise.all(loops);
  };
}

it("changes the encryption key while calls go on, and the old one can be dropped", async () => {
  // a stack of its own: the job is run by one process of those that share a database
  await using stack = await start({ seed: false });
  const sql = openSql(stack.dbUrl);
  const [k1, k2] = [makeEncryptionKey("k1"), makeEncryptionKey("k2")];
  const stageOf = (WAYBILL_ENCRYPTION_KEY: string) => openStage({ stack, env: { WAYBILL_ENCRYPTION_KEY } });
  const underKey = async (key: string) => {
    const [row] = await sql<{ others: number }[]>`select
      (select count(*) from public.authentication_contexts
        where access_token not like ${`v1:${key}:%`} or refresh_token not like ${`v1:${key}:%`})::int
      + (select count(*) from public.supabase_clients where supabase_key not like ${`v1:${key}:%`})::int as others`;
    return row?.others === 0;
  };

  const first = await stageOf(k1);
  const people = await Promise.all(Array.from({ length: 6 }, () => first.newUser()));
  await first[Symbol.asyncDispose]();
  expect(await underKey("k1")).toBe(true);

  const second = await stageOf(`${k2},${k1}`);
  const end = callAllTheWhile(second, people);
  await expect.poll(() => underKey("k2"), { timeout: 30_000 }).toBe(true);
  for (const calls of await end()) expect(calls).toBeGreaterThan(0);
  expect(second.log()).toContain("are now under the current one");
  await second[Symbol.asyncDispose]();

  await using third = await stageOf(k2);
  for (const { sessionToken, userId } of people) {
    const { sessions } = third.client(sessionToken);
    expect((await sessions.me.query()).user_id).toBe(userId);
    expect((await sessions.refresh.mutate()).is_active).toBe(true);
  }
  await sql.end();
}, 120_000);
