import { X509Certificate } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadCertificate } from "./certificate.ts";
import { temporaryFolder } from "../testing/folders.ts";

const day = 24 * 60 * 60 * 1000;

test("a certificate is for this machine only, is kept, and is renewed a month before it ends", async () => {
  const folder = await temporaryFolder();
  const first = await loadCertificate(folder);
  const { subjectAltName, validToDate } = new X509Certificate(first.ca);
  expect(subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1");
  for (const file of ["tls.key", "ca.pem"]) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  expect(await loadCertificate(folder)).toEqual(first);
  expect(await loadCertificate(folder, new Date(validToDate.getTime() - 31 * day))).toEqual(first);
  const renewed = await loadCertificate(folder, new Date(validToDate.getTime() - 29 * day));
  expect(renewed.ca).not.toBe(first.ca);
  // Made while the clock was ahead: nobody would take it today.
  expect((await loadCertificate(folder)).ca).not.toBe(renewed.ca);
});

test("a key that is not the certificate's, or half a file, is replaced together with it", async () => {
  const folder = await temporaryFolder();
  const first = await loadCertificate(folder);
  const other = await loadCertificate(await temporaryFolder());
  for (const damaged of [other.key, first.key.slice(0, 60)]) {
    await writeFile(join(folder, "tls.key"), damaged);
    const { key, ca } = await loadCertificate(folder);
    expect(key).not.toBe(damaged);
    expect(new X509Certificate(ca).ca).toBe(true);
  }
});
