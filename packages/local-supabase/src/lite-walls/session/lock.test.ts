import { expect, test } from "vitest";
import { SessionBusyError, SessionLock } from "./lock.ts";

test("holders come one at a time, in the order of their asking", async () => {
  const lock = new SessionLock();
  const seen: string[] = [];
  await Promise.all(
    ["first", "second", "third"].map((name) =>
      lock.run(async () => {
        seen.push(`${name} in`);
        await Promise.resolve();
        seen.push(`${name} out`);
      }),
    ),
  );
  expect(seen).toEqual(["first in", "first out", "second in", "second out", "third in", "third out"]);
});

test("a holder that throws lets the next one in", async () => {
  const lock = new SessionLock();
  const failing = lock.run(() => Promise.reject(new Error("broken")));
  const next = lock.run(async () => "served");
  await expect(failing).rejects.toThrow("broken");
  expect(await next).toBe("served");
});

test("releasing twice does not let two in", async () => {
  const lock = new SessionLock({ waitMs: 30 });
  const release = await lock.acquire();
  const second = lock.acquire();
  release();
  await second;
  release();
  await expect(lock.acquire()).rejects.toBeInstanceOf(SessionBusyError);
});

test("who waits too long gets PostgREST's code, and its place goes to the next", async () => {
  const lock = new SessionLock({ waitMs: 20 });
  const release = await lock.acquire();
  await expect(lock.acquire()).rejects.toMatchObject({ code: "PGRST003", message: expect.stringContaining("20 ms") });
  release();
  expect(await lock.run(async () => "served")).toBe("served");
});

test("one more than may wait is refused at once", async () => {
  const lock = new SessionLock({ maxWaiting: 2 });
  const release = await lock.acquire();
  const waiting = [lock.run(async () => 1), lock.run(async () => 2)];
  await expect(lock.acquire()).rejects.toMatchObject({
    code: "PGRST003",
    message: expect.stringContaining("2 callers"),
  });
  release();
  expect(await Promise.all(waiting)).toEqual([1, 2]);
});
