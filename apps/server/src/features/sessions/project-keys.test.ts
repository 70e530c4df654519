import { setTimeout } from "node:timers/promises";
import { jwtVerify, type JWTVerifyGetKey } from "jose";
import { expect, it } from "vitest";
import { ApiError } from "../../trpc/api-error.ts";
import { openIssuer } from "../../testing/stub-issuer.ts";

const minute = 60_000;

async function outcome(token: string, keys: JWTVerifyGetKey): Promise<string> {
  try {
    await jwtVerify(token, keys);
    return "taken";
  } catch (error) {
    return error instanceof ApiError ? error.waybillCode : String(Object(error).code);
  }
}

it("asks once for many tokens, and finds a key that appears while it runs", async () => {
  await using issuer = await openIssuer();
  let time = 0;
  const keys = issuer.keys({}, () => time);
  const first = await issuer.sign({}, await issuer.publish("k1"), "k1");
  await Promise.all(Array.from({ length: 20 }, () => jwtVerify(first, keys)));
  expect(issuer.looks()).toBe(1);
  const second = await issuer.sign({}, await issuer.publish("k2"), "k2");
  time = minute;
  expect([await outcome(second, keys), await outcome(first, keys)]).toEqual(["taken", "taken"]);
  expect(issuer.looks()).toBe(2);
});

it("trusts a withdrawn key for ten minutes at most", async () => {
  await using issuer = await openIssuer();
  let time = 0;
  const keys = issuer.keys({}, () => time);
  const token = await issuer.sign({}, await issuer.publish("k1"), "k1");
  await issuer.publish("k2");
  expect(await outcome(token, keys)).toBe("taken");
  issuer.withdraw("k1");
  time = 9 * minute;
  expect(await outcome(token, keys)).toBe("taken");
  time = 10 * minute;
  expect(await outcome(token, keys)).toBe("ERR_JWKS_NO_MATCHING_KEY");
});

it("looks once in half a minute, however many unknown keys are named", async () => {
  await using issuer = await openIssuer();
  let time = 0;
  const keys = issuer.keys({}, () => time);
  const key = await issuer.publish("k1");
  expect(await outcome(await issuer.sign({}, key, "k1"), keys)).toBe("taken");
  for (const moment of [1000, 31_000, 62_000]) {
    time = moment;
    const tokens = await Promise.all(Array.from({ length: 30 }, (_, at) => issuer.sign({}, key, `x${moment}-${at}`)));
    const outcomes = await Promise.all(tokens.map((token) => outcome(token, keys)));
    expect(new Set(outcomes)).toEqual(new Set(["ERR_JWKS_NO_MATCHING_KEY"]));
    for (const token of tokens) await outcome(token, keys);
  }
  expect(issuer.looks()).toBe(3);
});

it("goes on with the keys that it has for an hour while the issuer is down, and leaves it alone meanwhile", async () => {
  await using issuer = await openIssuer();
  let time = 0;
  const keys = issuer.keys({}, () => time);
  const key = await issuer.publish("k1");
  const token = await issuer.sign({}, key, "k1");
  const unknown = await issuer.sign({}, key, "k2");
  expect(await outcome(token, keys)).toBe("taken");
  issuer.answerWith(503);
  time = 10 * minute;
  for (let call = 0; call < 20; call += 1) expect(await outcome(token, keys)).toBe("taken");
  // nobody knows whether it is a new one
  for (let call = 0; call < 20; call += 1) expect(await outcome(unknown, keys)).toBe("SUPABASE_UNREACHABLE");
  expect(issuer.looks()).toBe(2);
  time = 61 * minute;
  for (let call = 0; call < 20; call += 1) expect(await outcome(token, keys)).toBe("SUPABASE_UNREACHABLE");
  expect(issuer.looks()).toBe(3);
  issuer.answerWith();
  time += 30_000;
  expect(await outcome(token, keys)).toBe("taken");
});

it("lets nobody wait for an issuer that hangs after it failed", async () => {
  await using issuer = await openIssuer();
  let time = 0;
  const keys = issuer.keys({ timeoutMs: 60_000 }, () => time);
  const token = await issuer.sign({}, await issuer.publish("k1"), "k1");
  expect(await outcome(token, keys)).toBe("taken");
  issuer.answerWith(503);
  time = 10 * minute;
  expect(await outcome(token, keys)).toBe("taken");
  issuer.hang();
  time += 31_000;
  // it looks again, behind the calls; its deadline would be five seconds away
  const calls = Promise.all([outcome(token, keys), outcome(token, keys)]);
  const deadline = setTimeout(2500, ["waited"], { ref: false });
  expect(await Promise.race([calls, deadline])).toEqual(["taken", "taken"]);
  await expect.poll(() => issuer.looks()).toBe(3);
});
