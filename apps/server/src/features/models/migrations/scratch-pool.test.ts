import { setTimeout as wait } from "node:timers/promises";
import { MigrationError } from "@waybill/db";
import { expect, test } from "vitest";
import { createScratchPool, type ScratchPoolOptions } from "./scratch-pool.ts";

/** Databases that only count how many were opened and closed: what they do is tried with plans. */
function pool({ delay, ...options }: Partial<ScratchPoolOptions> & { readonly delay?: Promise<void> } = {}) {
  const count = { opened: 0, closed: 0 };
  const state = { dead: false };
  const open = async () => {
    await delay;
    count.opened += 1;
    state.dead = false;
    return {
      exec: async () => {},
      query: async () => {
        if (state.dead) throw new Error("the connection is gone");
        return [];
      },
      [Symbol.asyncDispose]: async () => void (count.closed += 1),
    };
  };
  return { count, state, pool: createScratchPool({ open, ...options }) };
}

test("one database serves all, one at a time and in their order", async () => {
  const { count, pool: scratch } = pool();
  const seen: string[] = [];
  const use = (name: string) =>
    scratch.use(async () => {
      seen.push(`${name} in`);
      await wait(5);
      seen.push(`${name} out`);
      return name;
    });
  expect(await Promise.all([use("a"), use("b")])).toEqual(["a", "b"]);
  expect(seen).toEqual(["a in", "a out", "b in", "b out"]);
  await scratch[Symbol.asyncDispose]();
  expect(count).toEqual({ opened: 1, closed: 1 });
  await expect(use("late")).rejects.toMatchObject({ waybillCode: "SHUTTING_DOWN" });
});

test("who comes when the queue is full is sent away at once, and the others are served", async () => {
  const { pool: scratch } = pool({ waiting: 2 });
  const { promise, resolve } = Promise.withResolvers<string>();
  const inside = [1, 2, 3].map(() => scratch.use(() => promise));
  await expect(scratch.use(() => promise)).rejects.toMatchObject({ waybillCode: "SCRATCH_BUSY" });
  resolve("done");
  expect(await Promise.all(inside)).toEqual(["done", "done", "done"]);
  expect(await scratch.use(async () => "again")).toBe("again");
});

test.each([
  ["a refusal", new MigrationError("PLAN_FAILED", "no", "no"), 1],
  ["a deadline", new MigrationError("MIGRATION_TIMEOUT", "late", "late"), 2],
  ["a fault", new Error("nobody thought of it"), 2],
])("after %s the next one gets a database that is sound", async (_what, error, opened) => {
  const { count, pool: scratch } = pool();
  await expect(scratch.use(() => Promise.reject(error))).rejects.toBe(error);
  await scratch.use(async () => {});
  expect(count.opened).toBe(opened);
});

test("one that dies under a plan is told as such, and one that died meanwhile is noticed before it is lent", async () => {
  const { count, state, pool: scratch } = pool();
  const dying = scratch.use(() => {
    state.dead = true;
    return Promise.reject(new Error("the connection is gone"));
  });
  await expect(dying).rejects.toMatchObject({ waybillCode: "SCRATCH_BUSY" });
  await scratch.use(async () => {});
  state.dead = true;
  expect(await scratch.use(async (lent) => await lent.query("select 1"))).toEqual([]);
  expect(count).toEqual({ opened: 3, closed: 2 });
});

test("a stop ends the database under a plan, and does not wait for the plan", async () => {
  const { count, pool: scratch } = pool();
  const { promise, reject } = Promise.withResolvers<never>();
  const begun = Promise.withResolvers<void>();
  const working = scratch.use(() => {
    begun.resolve();
    return promise;
  });
  const next = scratch.use(async () => {});
  await begun.promise;
  await scratch[Symbol.asyncDispose]();
  expect(count).toEqual({ opened: 1, closed: 1 });
  reject(new Error("the connection is gone"));
  await expect(working).rejects.toMatchObject({ waybillCode: "SHUTTING_DOWN" });
  await expect(next).rejects.toMatchObject({ waybillCode: "SHUTTING_DOWN" });
});

test("a stop while the database starts leaves none behind", async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { count, pool: scratch } = pool({ delay: started });
  const use = scratch.use(async () => {});
  await wait(5);
  const stopped = scratch[Symbol.asyncDispose]();
  start();
  await stopped;
  expect(count).toEqual({ opened: 1, closed: 1 });
  await expect(use).rejects.toMatchObject({ waybillCode: "SHUTTING_DOWN" });
});

test("a database that nobody uses is closed, and opened again for the next", async () => {
  const { count, pool: scratch } = pool({ idleMs: 10 });
  await scratch.use(async () => {});
  await expect.poll(() => count.closed).toBe(1);
  await scratch.use(async () => {});
  expect(count.opened).toBe(2);
});

test("one that cannot be started is said, and tried again", async () => {
  let tries = 0;
  const scratch = createScratchPool({
    open: () => Promise.reject(new Error(`no room, ${(tries += 1)}`)),
  });
  for (const _ of [1, 2]) {
    await expect(scratch.use(async () => {})).rejects.toMatchObject({ waybillCode: "SCRATCH_BUSY" });
  }
  expect(tries).toBe(2);
});
