import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { ApiError } from "../../../trpc/api-error.ts";
import { singleUse } from "./single-use.ts";

const refusal = () => new ApiError({ code: "CODE_INVALID" });
const use = async () => {
  await turn();
  return "used";
};

it("lets a secret through once, also of calls at the same moment", async () => {
  const once = singleUse(refusal);
  const calls = await Promise.allSettled([once("a", use), once("a", use), once("b", use)]);
  expect(calls.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  await expect(once("a", use)).rejects.toThrow(ApiError);
});

it("leaves a secret whose use failed as it was: Auth may have been away", async () => {
  const once = singleUse(refusal);
  await expect(once("a", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
  expect(await once("a", use)).toBe("used");
});

it("forgets the oldest when it is full, which Auth still knows", async () => {
  const once = singleUse(refusal, 2);
  for (const secret of ["a", "b", "c"]) await once(secret, use);
  await expect(once("c", use)).rejects.toThrow(ApiError);
  expect(await once("a", use)).toBe("used");
});
