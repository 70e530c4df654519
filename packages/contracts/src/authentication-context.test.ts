import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  authenticationContextCreateSchema,
  authenticationContextCreateSchemaAt,
  authenticationContextFilterSchema as filter,
  authenticationContextOutputSchema as output,
  authenticationContextRefreshSchemaAt,
  authenticationContextSchema as row,
  authenticationContextUpdateSchema as update,
} from "./authentication-context.ts";
import { authenticationContextRows } from "./testing/arbitraries.ts";
import { expectIssue, type Rejection, without } from "./testing/expect-issue.ts";
import { token } from "./testing/tokens.ts";

const id = "0193f2a4-7d1e-7c3a-9b0e-5f6a7b8c9d0e";
const now = Date.parse("2026-11-22T10:00:00Z");
const cipher = `v1:k:${"A".repeat(60)}`;
const stored = {
  session_id: id,
  user_id: "4f9c0f0e-7f6b-4d0e-9a55-0d2f1b7e6a11",
  access_token: cipher,
  refresh_token: cipher,
  token_hash: "ab".repeat(32),
  token_type: "Bearer",
  expires_at: "2026-11-22T11:00:00+00:00",
  is_active: true,
  created_at: "2026-11-22T10:00:00.123456+00:00",
  last_activity: "2026-11-22T10:00:00.123456+00:00",
  ip_address: "203.0.113.7",
  user_agent: null,
  permissions: { roles: ["admin"] },
};
const input = {
  user_id: stored.user_id,
  access_token: token({ sub: stored.user_id }),
  refresh_token: "opaque",
  expires_at: stored.expires_at,
};

describe("authenticationContextSchema", () => {
  it("takes every row that the table can hold, and what it made again", () => {
    fc.assert(
      fc.property(authenticationContextRows, (session) => {
        expect(row.parse(session)).toEqual(session);
      }),
    );
  });

  it("fills in the defaults of data-model.md §3", () => {
    const { token_type, is_active, ip_address, user_agent, permissions, ...least } = stored;
    expect(row.parse(least)).toEqual({
      ...least,
      token_type,
      is_active,
      ip_address: null,
      user_agent,
      permissions: null,
    });
    expect([ip_address, permissions]).not.toContain(null);
  });

  it.each([
    "session_id",
    "user_id",
    "access_token",
    "refresh_token",
    "token_hash",
    "expires_at",
    "created_at",
    "last_activity",
  ])("requires %s", (field) => expectIssue(row, without(stored, field), field, /must be/));

  it.each<Rejection>([
    ["an encrypted access token", { access_token: input.access_token }, "access_token", /ciphertext/],
    ["an encrypted refresh token", { refresh_token: "opaque" }, "refresh_token", /ciphertext/],
    ["the hash's form", { token_hash: "AB".repeat(32) }, "token_hash", /SHA-256/],
    [
      "activity not before creation",
      { last_activity: "2026-11-22T10:00:00.123455Z" },
      "last_activity",
      /must not be before created_at/,
    ],
    ["expiry after creation", { expires_at: stored.created_at }, "expires_at", /must be after created_at/],
    ["permissions as JSON", { permissions: { since: new Date() } }, "permissions.since", /must be a JSON value/],
    ["a user", { user_id: "" }, "user_id", /must not be empty/],
    ["an address, if any", { ip_address: "" }, "ip_address", /must not be empty/],
    ["is_active's type", { is_active: 1 }, "is_active", /must be true or false/],
    ["the id's form", { session_id: "1" }, "session_id", /UUID/],
  ])("holds %s", (_rule, changes, path, message) => expectIssue(row, { ...stored, ...changes }, path, message));
});

describe("authenticationContextCreateSchema", () => {
  const create = authenticationContextCreateSchemaAt(() => now);

  it("takes a login and fills in what is not known", () => {
    const rest = { token_type: "Bearer", ip_address: null, user_agent: null, permissions: null };
    expect(create.parse(input)).toEqual({ ...input, ...rest });
    expect(create.safeParse({ ...input, ip_address: "2001:db8::1", user_agent: "curl/8" }).success).toBe(true);
  });

  it.each<Rejection>([
    ["an access token of JWT form", { access_token: "opaque" }, "access_token", /JSON Web Token/],
    ["a signed access token", { access_token: token({}, { alg: "none" }) }, "access_token", /JSON Web Token/],
    ["a refresh token", { refresh_token: "" }, "refresh_token", /must not be empty/],
    ["a future expiry", { expires_at: "2026-11-22T10:00:00Z" }, "expires_at", /must be in the future/],
    [
      "permissions nested with measure",
      { permissions: JSON.parse("[".repeat(100) + "]".repeat(100)) },
      `permissions${".0".repeat(64)}`,
      /64 levels/,
    ],
    ["an address", { ip_address: "localhost" }, "ip_address", /IPv4 or IPv6/],
    ["storable text", { user_agent: "a\u0000" }, "user_agent", /NUL/],
    ["no id of the caller's choice", { session_id: id }, "", /session_id/],
  ])("asks for %s", (_rule, changes, path, message) => expectIssue(create, { ...input, ...changes }, path, message));

  it("judges the expiry by the machine's clock unless given one", () => {
    const at = (milliseconds: number) => ({ ...input, expires_at: new Date(Date.now() + milliseconds).toISOString() });
    expect(authenticationContextCreateSchema.safeParse(at(3_600_000)).success).toBe(true);
    expectIssue(authenticationContextCreateSchema, at(-1), "expires_at", /must be in the future/);
  });
});

describe("authenticationContextRefreshSchema", () => {
  it("takes both tokens anew with a future expiry", () => {
    const refresh = authenticationContextRefreshSchemaAt(() => now);
    const { user_id: _user, ...tokens } = input;
    expect(refresh.parse(tokens)).toEqual(tokens);
    expectIssue(refresh, { ...tokens, expires_at: "2026-11-22T09:59:59.999Z" }, "expires_at", /future/);
    expectIssue(refresh, without(tokens, "refresh_token"), "refresh_token", /must be a string/);
  });
});

describe("authenticationContextUpdateSchema", () => {
  it("takes activity and end, no token, and not nothing", () => {
    expect(update.parse({ is_active: false, last_activity: stored.expires_at })).toBeTruthy();
    expectIssue(update, {}, "", /at least one field/);
    expectIssue(update, { access_token: input.access_token }, "", /access_token/);
    expectIssue(update, { last_activity: "now" }, "last_activity", /ISO 8601/);
  });
});

describe("authenticationContextFilterSchema", () => {
  it("takes every indexed field and refuses an empty range", () => {
    const all = {
      user_id: "u",
      is_active: true,
      expires_from: stored.created_at,
      expires_before: stored.expires_at,
      cursor: id,
      limit: 10,
    };
    expect(filter.parse(all)).toEqual(all);
    expectIssue(filter, { ...all, expires_before: stored.created_at }, "expires_before", /after expires_from/);
    expectIssue(filter, { token_hash: "x" }, "", /token_hash/);
  });
});

describe("authenticationContextOutputSchema", () => {
  it("lets no token and no hash through", () => {
    const secrets = ["access_token", "refresh_token", "token_hash"];
    expect(Object.keys(output.shape)).toEqual(Object.keys(stored).filter((field) => !secrets.includes(field)));
    expect(JSON.stringify(output.parse(stored))).not.toContain(cipher);
  });
});
