import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSecretFile } from "./secret-file.ts";

export interface Certificate {
  /** PEM of the private key. */
  readonly key: string;
  /** PEM of the certificate, which is its own authority: clients trust exactly this one. */
  readonly ca: string;
}

const day = 24 * 60 * 60 * 1000;
const lifetime = 365 * day;
const renewBefore = 30 * day;

/** Reads `tls.key` and `ca.pem` of a data directory, or makes them: at the first start, and when they soon expire. */
export async function loadCertificate(dataDir: string, now: Date = new Date()): Promise<Certificate> {
  const keyPath = join(dataDir, "tls.key");
  const caPath = join(dataDir, "ca.pem");
  const stored = await readCertificate(keyPath, caPath);
  if (stored && lastsAt(stored, now)) return stored;
  // Loading it takes a tenth of a second, which a start with a certificate need not wait for.
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: "Waybill local Supabase" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now.getTime() - day),
    notAfterDate: new Date(now.getTime() + lifetime),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  // The certificate goes last: with an old key and no new certificate the next start makes both again.
  await writeSecretFile(keyPath, made.private);
  await writeSecretFile(caPath, made.cert);
  return { key: made.private, ca: made.cert };
}

async function readCertificate(keyPath: string, caPath: string): Promise<Certificate | undefined> {
  try {
    const [key, ca] = await Promise.all([readFile(keyPath, "utf8"), readFile(caPath, "utf8")]);
    return { key, ca };
  } catch {
    return undefined;
  }
}

function lastsAt({ key, ca }: Certificate, now: Date): boolean {
  try {
    const certificate = new X509Certificate(ca);
    return (
      // Made under a clock that was wrong, it may not be valid for years to come.
      certificate.validFromDate <= now &&
      certificate.validToDate.getTime() - now.getTime() > renewBefore &&
      certificate.checkPrivateKey(createPrivateKey(key))
    );
  } catch {
    return false;
  }
}
