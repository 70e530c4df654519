import { describe, expect, it } from "vitest";
import { expectIssue } from "../testing/expect-issue.ts";
import { httpsUrlSchema, storedUrlSchema, supabaseUrlSchema } from "./url.ts";

const loopback = supabaseUrlSchema({ allowHttpLoopback: true });

describe("httpsUrlSchema", () => {
  it.each(["https://abc.supabase.co", "https://127.0.0.1:54321", "https://gw.example/supabase"])("takes %s", (url) => {
    expect(httpsUrlSchema.parse(url)).toBe(url);
  });

  it.each([
    ["http://abc.supabase.co", /must be an https:\/\/ URL; http:\/\/ is taken only for a loopback host/],
    ["http://localhost:54321", /WAYBILL_ALLOW_HTTP_LOOPBACK=1/],
    ["ftp://abc.supabase.co", /must be an https/],
    ["javascript:alert(1)", /must be a URL/],
    ["abc.supabase.co", /must be a URL/],
    ["", /must be a URL/],
    ["https://abc.supabase.co\n", /must be a URL/],
    ["https://a b.co", /must be a URL/],
    ["https:abc.supabase.co", /must be a URL/],
    ["https:/abc.supabase.co", /must be a URL/],
    ["https:///abc.supabase.co", /must be a URL/],
    ["https:\\\\abc.supabase.co", /must be a URL/],
    ["https://abc.supabase.co\\x", /must be a URL/],
    ["https://abc.supabase.co/@x", /must not carry a user or password, nor any @/],
    ["https://me:secret@abc.supabase.co", /must not carry a user or password/],
    ["https://me@abc.supabase.co", /must not carry a user or password/],
    ["https://abc.supabase.co?apikey=1", /must not carry a query/],
    ["https://abc.supabase.co/#", /must not carry a query or a fragment/],
    [`https://${"a".repeat(2048)}.co`, /2048 characters/],
    [null, /must be a string/],
  ])("refuses %s", (url, message) => expectIssue(httpsUrlSchema, url, "", message));
});

describe("supabaseUrlSchema with loopback over http allowed", () => {
  it.each([
    "http://localhost:54321",
    "http://127.0.0.1",
    "http://127.8.9.1:1",
    "http://[::1]:54321",
    "http://db.localhost",
    "HTTP://LOCALHOST:54321/base",
  ])("takes %s", (url) => {
    expect(loopback.parse(url)).toBe(url);
    expect(storedUrlSchema.parse(url)).toBe(url);
  });

  it.each([
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://10.0.0.1",
    "http://[::2]",
    "http://notlocalhost",
    "http://2130706433",
    "http://0x7f.1",
    "http://[0:0:0:0:0:0:0:1]",
  ])("refuses %s", (url) => expectIssue(loopback, url, "", /must be an https/));
});
