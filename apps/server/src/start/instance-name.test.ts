import { instanceSchema } from "@waybill/contracts";
import { expect, it } from "vitest";
import { instanceOfHost } from "./instance-name.ts";

it.each([
  ["web-1.example.com", "web-1.example.com"],
  ["über box", "ber-box"],
  ["_build", "build"],
  ["東京", "waybill"],
  ["", "waybill"],
  ["h".repeat(80), "h".repeat(64)],
])("makes an instance's name of the host's name %j", (hostName, expected) => {
  expect(instanceOfHost(hostName)).toBe(expected);
  expect(instanceSchema.safeParse(expected).success).toBe(true);
});
