import { inject, expect, it } from "vitest";
import { createLogger } from "../log.ts";
import { openBehind } from "../testing/behind.ts";
import { openGate } from "../testing/gate.ts";
import { openStage, type Stage } from "../testing/stage.ts";
import { sharedCounters } from "./shared-counters.ts";

/** Documentation's addresses (RFC 5737), but no two tests': the database counts them for all. */
const newAddress = () => `198.51.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}`;

const shared = {
  WAYBILL_TRUST_PROXY: "1",
  WAYBILL_RATE_STORE: "database",
  // a busy machine is no outage
  WAYBILL_RATE_TIMEOUT_MS: "20000",
  WAYBILL_LOGIN_FLOOR_MS: "0",
};

async function read({ url }: Stage, from: string): Promise<number> {
  const answer = await fetch(`${url}/trpc/system.health`, { headers: { "x-forwarded-for": from } });
  await answer.body?.cancel();
  return answer.status;
}

it("lets several servers of one database count together", async () => {
  const env = { ...shared, WAYBILL_RATE_ADDRESS_READS: "6" };
  await using first = await openStage({ env });
  await using second = await openStage({ env });
  const from = newAddress();
  const statuses: number[] = [];
  for (let calls = 0; calls < 4; calls += 1) statuses.push(await read(first, from), await read(second, from));
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
  expect(await read(second, newAddress())).toBe(200);
});

it("lets a pause of one server hold at the other", async () => {
  const env = { ...shared, WAYBILL_LOGIN_TRIES: "1" };
  await using first = await openStage({ env });
  await using second = await openStage({ env });
  const { email, password } = await first.newUser();
  const headers = { "x-forwarded-for": newAddress() };
  const login = (stage: Stage, word: string) =>
    stage
      .client(undefined, headers)
      .sessions.login.mutate({ email, password: word })
      .then(
        () => "in",
        () => "out",
      );
  // two that fail, of which the second begins a pause, and a third that makes it longer
  for (const stage of [first, second]) expect(await login(stage, "wrong")).toBe("out");
  expect(await login(first, password)).toBe("out");
  await expect.poll(() => login(second, password), { timeout: 10_000 }).toBe("in");
});

it("asks the database once about an address that goes on after its refusal", async () => {
  let asked = 0;
  await using behind = await openBehind(inject("stack"), ({ url }) => {
    if (url.pathname.endsWith("/count_points")) asked += 1;
    return undefined;
  });
  const env = { ...shared, WAYBILL_ALLOW_HTTP_LOOPBACK: "1", WAYBILL_RATE_ADDRESS_READS: "2" };
  await using stage = await openStage({ stack: { ...inject("stack"), url: behind.url }, env });
  const from = newAddress();
  for (const expected of [200, 200, 429, 429, 429, 429]) expect(await read(stage, from)).toBe(expected);
  expect(asked).toBe(3);
});

it("goes on counting for itself while the database hangs, and lets nobody wait for it", async () => {
  await using gate = await openGate(inject("stack").url);
  const { url } = inject("stack");
  const through = { ...inject("stack"), url: url.replace(/:\d+$/, `:${gate.port}`) };
  const env = { ...shared, WAYBILL_RATE_ADDRESS_READS: "5", WAYBILL_RATE_TIMEOUT_MS: "500" };
  await using stage = await openStage({ stack: through, env });
  const from = newAddress();
  expect(await read(stage, from)).toBe(200);
  gate.close();
  const statuses: number[] = [];
  for (let calls = 0; calls < 7; calls += 1) statuses.push(await read(stage, from));
  // its own count begins at nothing: the outage opens the door for one more window and no wider
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  expect(stage.log()).toContain("this process counts them for itself");
  gate.open();
});

it("rests after a failure, says once that it fails and once that it works again", async () => {
  const clock = { ms: 0 };
  const lines: string[] = [];
  const logger = createLogger("info", { write: (line) => void lines.push(line) });
  let fails = true;
  let asked = 0;
  const add = () => {
    asked += 1;
    return fails ? Promise.reject(new Error("away")) : Promise.resolve({ points: 1, msLeft: 1 });
  };
  const counters = sharedCounters({ add }, logger, () => clock.ms);
  const count = () =>
    counters.add("a", 1, 1000).then(
      () => "counted",
      () => "failed",
    );
  for (let calls = 0; calls < 5; calls += 1) expect(await count()).toBe("failed");
  expect(asked).toBe(1);
  clock.ms += 5000;
  expect(await count()).toBe("failed");
  expect(asked).toBe(2);
  clock.ms += 5000;
  fails = false;
  expect([await count(), await count()]).toEqual(["counted", "counted"]);
  expect(lines).toHaveLength(2);
});
