import { setTimeout as wait } from "node:timers/promises";
import { MigrationError } from "@waybill/db";
import { expect, test } from "vitest";
import { createScratchPool, type ScratchPoolOptions } from "./scratch-pool.ts";

/** Databases that only count how many were opened and closed: what they do is tried with plans. */
function pool(options: Partial<ScratchPoolOptions> = {}) {
  const count = { opened: 0, closed: 0 };
  const open = async () => {
    count.opened += 1;
    return {
      exec: async () => {},
      query: async () => [],
      [Symbol.asyncDispose]: async () => void (count.closed += 1),
    };
  };
  return { count, pool: createScratchPool({ open, ...options }) };
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
  ["its own death", new Error("the connection is gone"), 2],
])("after %s the next one gets a database that is sound", async (_what, error, opened) => {
  const { count, pool: scratch } = pool();
  await expect(scratch.use(() => Promise.reject(error))).rejects.toBe(error);
  await scratch.use(async () => {});
  expect(count.opened).toBe(opened);
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
