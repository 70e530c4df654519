import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  instanceSchema as instance,
  supabaseClientCreateSchema as create,
  supabaseClientCreateSchemaWith,
  supabaseClientFilterSchema as filter,
  supabaseClientOutputSchema as output,
  supabaseClientSchema as row,
  supabaseClientUpdateSchema as update,
  supabaseClientUpdateSchemaWith,
} from "./supabase-client.ts";
import { supabaseClientRows } from "./testing/arbitraries.ts";
import { expectIssue, type Rejection, without } from "./testing/expect-issue.ts";
import { token } from "./testing/tokens.ts";

const stored = {
  client_id: "web-1/service_role",
  supabase_url: "https://abc.supabase.co",
  supabase_key: `v1:2026-11:${"A".repeat(60)}`,
  client_type: "service_role",
  is_active: true,
  created_at: "2026-11-22T10:00:00.123456+00:00",
  last_used: null,
  connection_status: "connected",
  error_count: 0,
  retry_count: 0,
};

const input = {
  client_id: "web-1/anon",
  supabase_url: "https://abc.supabase.co",
  supabase_key: "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
  client_type: "anon",
};

describe("supabaseClientSchema", () => {
  it("takes every row that the table can hold, and what it made again", () => {
    fc.assert(
      fc.property(supabaseClientRows, (client) => {
        expect(row.parse(client)).toEqual(client);
      }),
    );
  });

  it("fills in the defaults of data-model.md §1", () => {
    const { client_id, supabase_url, supabase_key, client_type, created_at, connection_status } = stored;
    const least = { client_id, supabase_url, supabase_key, client_type, created_at, connection_status };
    expect(row.parse(least)).toEqual({ ...least, is_active: true, last_used: null, error_count: 0, retry_count: 0 });
  });

  it.each(["client_id", "supabase_url", "supabase_key", "client_type", "created_at", "connection_status"])(
    "requires %s",
    (field) => expectIssue(row, without(stored, field), field, /must be/),
  );

  it.each<Rejection>([
    ["the id's form", { client_id: "web 1/anon" }, "client_id", /<instance>\/<client_type>/],
    ["the id's type", { client_id: "web-1/anon" }, "client_id", /must end in \/<client_type>/],
    [
      "https",
      { supabase_url: "http://abc.supabase.co" },
      "supabase_url",
      /must be an https:\/\/ URL; http:\/\/ is taken only/,
    ],
    ["encryption", { supabase_key: "sb_secret_abcdefghijk" }, "supabase_key", /ciphertext/],
    ["the type's values", { client_type: "admin" }, "client_type", /service_role or anon/],
    ["the status's values", { connection_status: "ok" }, "connection_status", /connected, disconnected or error/],
    ["error_count ≤ 10", { error_count: 11 }, "error_count", /0 to 10/],
    ["error_count ≥ 0", { error_count: -1 }, "error_count", /0 to 10/],
    ["a whole error_count", { error_count: 1.5 }, "error_count", /whole number/],
    ["retry_count ≤ 5", { retry_count: 6 }, "retry_count", /0 to 5/],
    ["retry_count ≥ 0", { retry_count: -1 }, "retry_count", /0 to 5/],
    ["is_active's type", { is_active: "yes" }, "is_active", /true or false/],
    ["created_at's form", { created_at: "yesterday" }, "created_at", /ISO 8601/],
    ["last_used's form", { last_used: "2026-13-01T00:00:00Z" }, "last_used", /ISO 8601/],
    ["disconnected is inactive", { connection_status: "disconnected" }, "is_active", /must be false/],
  ])("holds %s", (_rule, changes, path, message) => expectIssue(row, { ...stored, ...changes }, path, message));
});

describe("supabaseClientCreateSchema", () => {
  it.each([
    ["anon", input.supabase_key],
    ["anon", token({ role: "anon" })],
    ["service_role", "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"],
    ["service_role", token({ role: "service_role" })],
  ])("takes a key of a client of type %s", (client_type, supabase_key) => {
    const client = { ...input, client_id: `web-1/${client_type}`, client_type, supabase_key };
    expect(create.parse(client)).toEqual(client);
  });

  it.each<Rejection>([
    ["the key is not empty", { supabase_key: "" }, "supabase_key", /must be a Supabase key/],
    ["the key's form", { supabase_key: "sb_other_abcdefgh" }, "supabase_key", /must be a Supabase key/],
    ["the key's role", { supabase_key: token({ role: "authenticated" }) }, "supabase_key", /must be a Supabase key/],
    [
      "the key is signed",
      { supabase_key: token({ role: "anon" }, { alg: "none" }) },
      "supabase_key",
      /must be a Supabase key/,
    ],
    [
      "a secret key is no anon client's",
      { supabase_key: "sb_secret_abcdefghijk" },
      "supabase_key",
      /must match client_type/,
    ],
    [
      "a service_role JWT is no anon client's",
      { supabase_key: token({ role: "service_role" }) },
      "supabase_key",
      /must match client_type/,
    ],
    ["the id's type", { client_id: "web-1/service_role" }, "client_id", /must end in/],
    [
      "http to loopback only when allowed",
      { supabase_url: "http://127.0.0.1:54321" },
      "supabase_url",
      /WAYBILL_ALLOW_HTTP_LOOPBACK=1/,
    ],
    ["no field besides", { error_count: 3 }, "", /error_count/],
  ])("holds that %s", (_rule, changes, path, message) => expectIssue(create, { ...input, ...changes }, path, message));

  it("takes http to loopback where the rule allows it, and to no other host", () => {
    const allowed = supabaseClientCreateSchemaWith({ allowHttpLoopback: true });
    expect(allowed.safeParse({ ...input, supabase_url: "http://127.0.0.1:54321" }).success).toBe(true);
    expectIssue(allowed, { ...input, supabase_url: "http://127.0.0.1.evil.example" }, "supabase_url", /https/);
  });
});

describe("supabaseClientUpdateSchema", () => {
  it("takes a part of the row and refuses none, a wrong one and an unknown one", () => {
    expect(update.parse({ error_count: 10 })).toEqual({ error_count: 10 });
    expectIssue(update, {}, "", /at least one field/);
    expectIssue(update, { retry_count: 6 }, "retry_count", /0 to 5/);
    expectIssue(update, { client_type: "anon" }, "", /client_type/);
    expectIssue(update, { supabase_key: "" }, "supabase_key", /must be a Supabase key/);
    const both = { connection_status: "disconnected", is_active: true };
    expectIssue(update, both, "is_active", /must be false while/);
  });

  it("takes http to loopback only where the rule allows it", () => {
    const loopback = { supabase_url: "http://127.0.0.1:54321" };
    expectIssue(update, loopback, "supabase_url", /WAYBILL_ALLOW_HTTP_LOOPBACK=1/);
    expect(supabaseClientUpdateSchemaWith({ allowHttpLoopback: true }).parse(loopback)).toEqual(loopback);
  });
});

describe("instanceSchema", () => {
  it("takes a host's name and refuses what is none", () => {
    expect(instance.parse("web-1.example_b")).toBe("web-1.example_b");
    for (const name of ["", "-web", "web/1", "a b", "a".repeat(201)])
      expectIssue(instance, name, "", /must be 1 to 200 letters/);
    expectIssue(instance, 7, "", /must be a string/);
  });
});

describe("supabaseClientFilterSchema", () => {
  it("takes every indexed field and pages of 1 to 200, 50 by default", () => {
    expect(filter.parse({})).toEqual({ limit: 50 });
    const all = { client_type: "anon", is_active: false, connection_status: "error", cursor: "a/anon", limit: 200 };
    expect(filter.parse(all)).toEqual(all);
    expectIssue(filter, { limit: 0 }, "limit", /at least 1/);
    expectIssue(filter, { limit: 1.5 }, "limit", /must be a whole number/);
    expectIssue(filter, { limit: 201 }, "limit", /at most 200/);
    expectIssue(filter, { cursor: "nowhere" }, "cursor", /<instance>/);
    expectIssue(filter, { instance: "web" }, "", /instance/);
  });
});

describe("supabaseClientOutputSchema", () => {
  it("lets no key through", () => {
    expect(Object.keys(output.parse(stored))).not.toContain("supabase_key");
    expect(Object.keys(output.shape)).toEqual(Object.keys(stored).filter((field) => field !== "supabase_key"));
  });

  it("does not pretend a column that was not read: defaults belong to the row", () => {
    expectIssue(output, without(stored, "is_active"), "is_active", /true or false/);
  });
});
