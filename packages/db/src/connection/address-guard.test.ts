import { connect } from "node:net";
import { expect, it } from "vitest";
import { createAddressGuard, hostOf, isInnerAddress } from "./address-guard.ts";

it.each([
  "127.0.0.1",
  "127.8.9.1",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.169.254",
  "100.100.100.200",
  "0.0.0.0",
  "192.0.0.8",
  "192.0.2.1",
  "192.88.99.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:a9fe:a9fe",
  "::127.0.0.1",
  "::ffff:0:10.0.0.1",
  "64:ff9b::10.0.0.1",
  "64:ff9b:1::10.0.0.1",
  "100::1",
  "2001:db8::1",
  "3fff::1",
  "5f00::1",
  "2002:7f00:1::",
  "2001:0:1::1",
  "fd00:ec2::254",
  "fe80::1%eth0",
  "fec0::1",
  "ff02::1",
  "not an address",
])("%s is an inner address", (address) => {
  expect(isInnerAddress(address)).toBe(true);
});

it.each(["1.1.1.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"])(
  "%s is none",
  (address) => {
    expect(isInnerAddress(address)).toBe(false);
  },
);

it.each([
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0177.0.0.1/",
  "https://127.1/",
  "https://0x7f.1/x",
  "https://[::ffff:7f00:1]/",
  "https://[::1]:8443/",
  "https://LOCALHOST./",
  "https://127.0.0.1./",
  "https://１２７.0.0.1/",
  "https://[::ffff:0:7f00:1]/",
  "https://169.254.169.254/latest",
])("%s is refused however it is written", async (url) => {
  expect(await createAddressGuard([]).refuses(url)).toMatch(/no public address/);
});

it("lets an inner host pass that is allowed by name", async () => {
  const guard = createAddressGuard(["LocalHost", "10.0.0.7", "::1"]);
  for (const url of ["https://localhost:1", "https://10.0.0.7", "https://[::1]", "https://0xa000007"]) {
    expect(await guard.refuses(url)).toBeNull();
  }
  expect(await guard.refuses("https://10.0.0.8")).toMatch(/10\.0\.0\.8/);
  expect(hostOf("https://[::1]:1/")).toBe("::1");
});

it("lets no socket through to a name that means an inner address by then", async () => {
  const fault = await new Promise((resolve) => {
    connect({ host: "localhost", port: 1, lookup: createAddressGuard([]).lookup }).on("error", resolve);
  });
  expect(fault).toMatchObject({ code: "EADDRFORBIDDEN" });
  const allowed = await new Promise((resolve) => {
    connect({ host: "localhost", port: 1, lookup: createAddressGuard(["localhost"]).lookup }).on("error", resolve);
  });
  expect(allowed).toMatchObject({ code: "ECONNREFUSED" });
});

it.each([{}, { all: true }])("looks a name up for who asks with %j", async (options) => {
  const ask = async (allowed: string[]) =>
    await new Promise<unknown[]>((resolve) => {
      createAddressGuard(allowed).lookup("LocalHost", options, (...answer) => resolve(answer));
    });
  const [fault] = await ask([]);
  expect(fault).toMatchObject({ code: "EADDRFORBIDDEN" });
  const [none, found, family] = await ask(["localhost"]);
  const addresses = Array.isArray(found) ? found : [{ address: found, family }];
  expect(none).toBeNull();
  expect(addresses[0]).toMatchObject({ address: expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/) });
});

it("says when a name has no address", async () => {
  await expect(createAddressGuard([]).refuses(`https://${"x".repeat(64)}.invalid`)).rejects.toMatchObject({
    code: "ENOTFOUND",
  });
});
