import { afterEach, expect, it } from "vitest";
import { clientBusy, Limit, shuttingDown } from "../client/index.ts";
import { createBulkhead } from "./bulkhead.ts";

const limits: Limit[] = [];
const within = (ms: number, signal: AbortSignal | null = null): Limit => {
  const limit = new Limit(ms, ms, signal);
  limits.push(limit);
  return limit;
};
afterEach(() => limits.splice(0).forEach((limit) => limit.release()));

const bulkhead = (most: number, mostWaiting: number) =>
  createBulkhead({ most, mostWaiting, full: () => clientBusy("c/anon", [most, mostWaiting]) });

/** The calls that were let in, in their order. */
function crowd(of: ReturnType<typeof bulkhead>, names: string) {
  const inside: string[] = [];
  const refused: unknown[] = [];
  for (const name of names) {
    const turn = of.enter(within(60_000));
    if (turn === undefined) inside.push(name);
    else
      turn.then(
        () => void inside.push(name),
        (reason: unknown) => void refused.push(reason),
      );
  }
  return { inside, refused };
}
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("lets so many in, and the others in the order they came", async () => {
  const of = bulkhead(2, 10);
  const { inside } = crowd(of, "abcde");
  expect(inside.join("")).toBe("ab");
  of.leave();
  of.leave();
  await tick();
  expect(inside.join("")).toBe("abcd");
  of.leave();
  await tick();
  expect(inside.join("")).toBe("abcde");
});

it("refuses one more than may wait, by its own error", () => {
  const of = bulkhead(1, 2);
  crowd(of, "abc");
  expect(() => of.enter(within(60_000))).toThrow(
    expect.objectContaining({ code: "TRANSPORT_BUSY", message: expect.stringContaining("client c/anon") }),
  );
});

it("forgets who waited in vain: at its deadline or called off, it takes nobody's turn", async () => {
  const of = bulkhead(1, 10);
  const { inside } = crowd(of, "a");
  const controller = new AbortController();
  const late = of.enter(within(20));
  const away = of.enter(within(60_000, controller.signal));
  const { inside: after } = crowd(of, "b");
  controller.abort(new Error("enough"));
  await expect(away).rejects.toThrow("enough");
  await expect(late).rejects.toMatchObject({ code: "OPERATION_TIMEOUT" });
  of.leave();
  await tick();
  expect([inside, after]).toEqual([["a"], ["b"]]);
});

it("can be narrowed and widened", async () => {
  const of = bulkhead(4, 10);
  of.allow(1);
  const { inside } = crowd(of, "abcdefg");
  expect(inside.join("")).toBe("a");
  of.allow(4);
  await tick();
  expect(inside.join("")).toBe("abcd");
  of.allow(1);
  for (let left = 0; left < 3; left += 1) of.leave();
  await tick();
  expect(inside.join("")).toBe("abcd");
});

it("sends away all who wait", async () => {
  const of = bulkhead(1, 10);
  const { inside, refused } = crowd(of, "abc");
  of.refuseWaiting(shuttingDown());
  await tick();
  expect([inside.length, refused.length]).toEqual([1, 2]);
  of.leave();
  expect(of.enter(within(60_000))).toBeUndefined();
});
