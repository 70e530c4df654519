import { z } from "zod";
import { expect, it } from "vitest";
import { appRouter } from "../app-router.ts";
import { costOf, namedClasses } from "./cost.ts";

const cost = (method: string, path: string) => Object.fromEntries(costOf({ method, path }, 20));

it.each([
  ["GET", "/trpc/data.list", { reads: 1 }],
  ["POST", "/trpc/data.create", { writes: 1 }],
  ["POST", "/trpc/sessions.login", { logins: 1 }],
  ["POST", "/trpc/sessions.refresh", { logins: 1 }],
  ["POST", "/trpc/sessions.logout", { writes: 1 }],
  ["GET", "/data.list,data.get,data.list", { reads: 3 }],
  ["POST", "/sessions.login,data.create,sessions.signUp", { logins: 2, writes: 1 }],
  ["GET", "/operations/export", { reads: 1 }],
  ["POST", "/trpc/models.validate", { reads: 1 }],
  // as tRPC itself would find the procedure
  ["POST", "/trpc/x/sessions.login", { logins: 1 }],
  ["POST", "/trpc/sessions%2Elogin%2Csessions%2elogin", { logins: 2 }],
  ["POST", "/trpc/%E0%A4%A", { writes: 1 }],
  ["POST", "/trpc/constructor,__proto__", { writes: 2 }],
  ["GET", `/trpc/${Array(8000).fill("a").join(",")}`, { reads: 20 }],
])("%s %s", (method, path, expected) => {
  expect(cost(method, path)).toEqual(expected);
});

it("names procedures that there are", () => {
  const { procedures } = z
    .object({ procedures: z.record(z.string(), z.unknown()) })
    .parse(Reflect.get(appRouter, "_def"));
  for (const name of Object.keys(namedClasses)) expect(procedures).toHaveProperty([name]);
});
