import { expect, it } from "vitest";
import { deviceOf, networkOf } from "./device.ts";

it.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Safari on iOS",
  ],
  ["node", null],
  ["(((((((((", null],
  ["", null],
  [null, null],
])("names the device of %j", (userAgent, device) => {
  expect(deviceOf(userAgent)).toBe(device);
});

it.each([
  ["203.0.113.77", "203.0.113.0/24"],
  ["::ffff:203.0.113.77", "203.0.113.0/24"],
  ["2001:db8:7:1:2:3:4:5", "2001:db8:7::/48"],
  ["2001:DB8::5", "2001:db8:0::/48"],
  ["::1", "0:0:0::/48"],
  ["fe80::1%eth0", null],
  ["nowhere", null],
  [null, null],
])("names the network of %j", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
