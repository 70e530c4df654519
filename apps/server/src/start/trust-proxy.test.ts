import { expect, it } from "vitest";
import { trustProxy } from "./trust-proxy.ts";

it.each([
  [undefined, false],
  ["1", 1],
  ["10", 10],
  ["10.0.0.7", ["10.0.0.7"]],
  ["10.0.0.0/8, fd00::/8,loopback", ["10.0.0.0/8", "fd00::/8", "loopback"]],
])("takes %s", (text, expected) => {
  expect(trustProxy.parse(text)).toEqual(expected);
});

it.each([
  "true",
  "0",
  "11",
  "*",
  "0.0.0.0/0",
  "::/0",
  "10.0.0.0/33",
  "10.0.0.0/",
  "proxy.example.com",
  "10.0.0.1,",
  "/8",
])("refuses %s, which trusts nobody or everybody", (text) => {
  expect(trustProxy.safeParse(text).error?.issues[0]?.message).toContain("how many proxies");
});
