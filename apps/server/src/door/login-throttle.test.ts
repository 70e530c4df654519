import { expect, it } from "vitest";
import { createLoginThrottle } from "./login-throttle.ts";
import { memoryCounters } from "./memory-counters.ts";

function throttleAt(tries: { account: number; address: number }) {
  const clock = { ms: 0 };
  const counters = memoryCounters({ now: () => clock.ms });
  const throttle = createLoginThrottle(tries, counters);
  const kindOf = async (email = "ada@example.com", ip = "192.0.2.1") => (await throttle.begin(email, ip)).kind;
  return { clock, throttle, kindOf };
}

it("makes who fails wait longer each time, up to a minute, and no longer for trying meanwhile", async () => {
  const { clock, kindOf } = throttleAt({ account: 2, address: 0 });
  expect([await kindOf(), await kindOf()]).toEqual(["may try", "may try"]);
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    expect(await kindOf()).toBe("may try");
    clock.ms += seconds * 1000 - 1;
    for (let hammering = 0; hammering < 50; hammering += 1) expect(await kindOf()).toBe("account pauses");
    clock.ms += 1;
  }
  clock.ms += 900_000;
  expect([await kindOf(), await kindOf()]).toEqual(["may try", "may try"]);
});

it("lets one of many tries at the same moment through once the free ones are used", async () => {
  const { kindOf } = throttleAt({ account: 3, address: 0 });
  const kinds = await Promise.all(Array.from({ length: 100 }, () => kindOf()));
  expect(kinds.filter((kind) => kind === "may try")).toHaveLength(4);
});

it("keeps nobody out who comes from another address, and no other account", async () => {
  const { kindOf } = throttleAt({ account: 1, address: 0 });
  for (let tries = 0; tries < 9; tries += 1) await kindOf();
  expect(await kindOf()).toBe("account pauses");
  expect(await kindOf("Ada@Example.com")).toBe("account pauses");
  expect(await kindOf("ada@example.com", "192.0.2.2")).toBe("may try");
  expect(await kindOf("bob@example.com")).toBe("may try");
});

it("counts no try against an address that an account's pause has kept from being made", async () => {
  const { kindOf } = throttleAt({ account: 1, address: 4 });
  for (let tries = 0; tries < 9; tries += 1) await kindOf();
  expect(await kindOf()).toBe("account pauses");
  expect([await kindOf("bob@example.com"), await kindOf("eve@example.com")]).toEqual(["may try", "may try"]);
});

it("makes an address wait that guesses at many accounts", async () => {
  const { clock, throttle, kindOf } = throttleAt({ account: 5, address: 3 });
  for (let at = 0; at < 4; at += 1) expect(await kindOf(`${at}@example.com`)).toBe("may try");
  expect(await throttle.begin("new@example.com", "192.0.2.1")).toEqual({ kind: "address pauses", waitMs: 1000 });
  expect(await kindOf("new@example.com", "192.0.2.2")).toBe("may try");
  clock.ms += 1000;
  expect(await kindOf("new@example.com")).toBe("may try");
});

it("counts no success and no outage, and lets who has signed in begin anew", async () => {
  const { throttle, kindOf } = throttleAt({ account: 2, address: 3 });
  for (let at = 0; at < 20; at += 1) {
    const { kind, ...admission } = await throttle.begin("ada@example.com", "192.0.2.1");
    expect(kind).toBe("may try");
    if ("tried" in admission) await (at % 2 === 0 ? admission.tried.succeeded() : admission.tried.undecided());
  }
  expect([await kindOf(), await kindOf()]).toEqual(["may try", "may try"]);
  const admission = await throttle.begin("ada@example.com", "192.0.2.1");
  if ("tried" in admission) await admission.tried.succeeded();
  expect([await kindOf()]).toEqual(["may try"]);
});

it("is off where no number is set", async () => {
  const { kindOf } = throttleAt({ account: 0, address: 0 });
  for (let at = 0; at < 100; at += 1) expect(await kindOf()).toBe("may try");
});
