import { expect, test } from "vitest";
import { classify } from "./classify.ts";

test.each([
  ["GET", "/rest/v1/airports", "read", "airports"],
  ["HEAD", "/rest/v1/airports", "read", "airports"],
  ["POST", "/rest/v1/airports", "create", "airports"],
  ["PATCH", "/rest/v1/routes", "update", "routes"],
  ["PUT", "/rest/v1/routes", "update", "routes"],
  ["DELETE", "/rest/v1/routes", "delete", "routes"],
  ["GET", "/rest/v1/My%20Table", "read", "My Table"],
  ["GET", "/rest/v1/rpc/busiest", "read", "busiest"],
  ["POST", "/rest/v1/rpc/busiest", "update", "busiest"],
  ["POST", "/auth/v1/signup", "create", "auth.users"],
  ["POST", "/auth/v1/token", "create", "auth.sessions"],
  ["POST", "/auth/v1/logout", "delete", "auth.sessions"],
  ["GET", "/auth/v1/user", "read", "auth.users"],
  ["PUT", "/auth/v1/user", "update", "auth.users"],
  ["POST", "/auth/v1/admin/users", "create", "auth.users"],
  ["PUT", "/auth/v1/admin/users/8c9f", "update", "auth.users"],
  ["PUT", "/auth/v1/admin/users/8c9f/factors", null, null],
  ["GET", "/auth/v1/authorize", null, null],
  ["GET", "/rest/v1/", null, null],
  ["GET", "/rest/v1/airports/SFO", null, null],
  ["PURGE", "/rest/v1/airports", null, null],
])("%s %s is %s on %s", (method, path, type, table) => {
  expect(classify(method, path)).toEqual(type && { type, table });
});
