import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createLogger } from "../../log.ts";
import { leaveSeconds } from "../../testing/expiry.ts";
import { openSql, type Sql } from "../../testing/sql.ts";
import { openStage, type Stage } from "../../testing/stage.ts";
import { openSessionStreams, type SessionStreamsOptions } from "./session-streams.ts";

const logger = createLogger("silent");
let sql: Sql;
let stage: Stage;
beforeAll(async () => {
  sql = openSql(inject("stack").dbUrl);
  stage = await openStage();
});
afterAll(async () => {
  await sql.end();
  await stage[Symbol.asyncDispose]();
});

async function newcomer() {
  const person = await stage.newUser();
  const { session } = await person.api.sessions.me.query();
  return { ...person, sessionId: session?.session_id ?? "" };
}
const openStreams = (more: Partial<SessionStreamsOptions> = {}) =>
  openSessionStreams({ sessions: stage.services.waybill.sessions, logger, everyMs: 100, ...more });
const patient = { timeout: 10_000, interval: 50 };

describe("a stream", () => {
  it.each([
    ["ends with its session", "SESSION_OVER", "logout"],
    ["ends when its session expires", "SESSION_EXPIRED", "expiry"],
    ["ends when its session is gone", "SESSION_OVER", "removal"],
  ])("%s, whoever made it so, and that of others goes on", async (_, code, how) => {
    const [ada, bob] = [await newcomer(), await newcomer()];
    const streams = openStreams();
    using own = streams.open(ada.sessionId);
    using second = streams.open(ada.sessionId);
    using others = streams.open(bob.sessionId);
    using plain = streams.open(null);
    if (how === "logout") await ada.api.sessions.logout.mutate();
    if (how === "expiry") await leaveSeconds(sql, ada.userId, -1);
    if (how === "removal") await sql`delete from public.authentication_contexts where user_id = ${ada.userId}`;
    for (const { signal } of [own, second]) {
      await expect.poll(() => signal.reason, patient).toMatchObject({ waybillCode: code });
    }
    expect([others.signal.aborted, plain.signal.aborted]).toEqual([false, false]);
  });

  it("is looked after at once when this process has changed a session", async () => {
    const ada = await newcomer();
    const streams = openStreams({ everyMs: 3_600_000 });
    using own = streams.open(ada.sessionId);
    await ada.api.sessions.logout.mutate();
    streams.look();
    await expect.poll(() => own.signal.aborted, patient).toBe(true);
  });

  it("lasts while the database cannot be asked, and ends when it can", async () => {
    const ada = await newcomer();
    const { sessions } = stage.services.waybill;
    let failures = 0;
    const failing = {
      statesOf: (ids: readonly string[]) =>
        ++failures < 3 ? Promise.reject(new Error("gone")) : sessions.statesOf(ids),
    };
    const streams = openStreams({ sessions: failing });
    using own = streams.open(ada.sessionId);
    await ada.api.sessions.logout.mutate();
    await expect.poll(() => own.signal.aborted, patient).toBe(true);
    expect(failures).toBeGreaterThanOrEqual(3);
  });

  it("ends also where there are more than one question can name", async () => {
    const asked: number[] = [];
    const sessions = {
      statesOf: (ids: readonly string[]) => {
        asked.push(ids.length);
        return stage.services.waybill.sessions.statesOf(ids);
      },
    };
    const streams = openStreams({ sessions });
    // of sessions that are gone
    const opened = Array.from({ length: 400 }, () => streams.open(randomUUID()));
    await expect.poll(() => opened.filter(({ signal }) => signal.aborted).length, patient).toBe(400);
    for (const stream of opened) stream[Symbol.dispose]();
    expect(asked.slice(0, 3)).toEqual([150, 150, 100]);
  });

  it("beyond the limit is refused, and one that ended makes room; nobody is asked for when none is open", async () => {
    const ada = await newcomer();
    let looks = 0;
    const sessions = {
      statesOf: (ids: readonly string[]) => {
        looks += 1;
        return stage.services.waybill.sessions.statesOf(ids);
      },
    };
    const streams = openStreams({ sessions, mostStreams: 2 });
    {
      using _one = streams.open(ada.sessionId);
      using _two = streams.open(ada.sessionId);
      expect(() => streams.open(ada.sessionId)).toThrow(expect.objectContaining({ waybillCode: "RATE_LIMITED" }));
      await expect.poll(() => looks, patient).toBeGreaterThan(1);
    }
    {
      using _again = streams.open(ada.sessionId);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = looks;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(looks).toBe(before);
  });
});
