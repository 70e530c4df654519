import { makeEncryptionKey } from "@waybill/db";
import { describe, expect, it } from "vitest";
import { EnvError, readAdminPassword, readEnv } from "./env.ts";

const project = {
  SUPABASE_URL: "https://abc.supabase.co",
  SUPABASE_PUBLISHABLE_KEY: "sb_publishable_0123456789",
  SUPABASE_SECRET_KEY: "sb_secret_0123456789",
  WAYBILL_ENCRYPTION_KEY: makeEncryptionKey("k1"),
};

function faultOf(source: Record<string, string>): string {
  try {
    readEnv(source);
  } catch (error) {
    if (error instanceof EnvError) return error.message;
    throw error;
  }
  return "";
}

describe("readEnv", () => {
  it("takes the embedded stack where no project is named", () => {
    expect(readEnv({})).toMatchObject({
      supabase: { kind: "embedded", engine: "pglite" },
      host: "127.0.0.1",
      port: 8787,
      operationTimeoutMs: 60_000,
      captureBytes: 16_384,
      allowedOrigins: [],
      warnings: [],
    });
    expect(readEnv({ WAYBILL_ENGINE: "native" }).supabase).toEqual({ kind: "embedded", engine: "native" });
  });

  it("takes the ledger's limits, in bytes or with a unit", () => {
    expect(readEnv({})).toMatchObject({
      maxJournalBytes: 2_147_483_648,
      whenLedgerFull: "block",
      journalFsync: "interval",
    });
    const given = { WAYBILL_JOURNAL_MAX: "512 MiB", WAYBILL_LEDGER_FULL: "shed", WAYBILL_JOURNAL_FSYNC: "always" };
    expect(readEnv(given)).toMatchObject({
      maxJournalBytes: 536_870_912,
      whenLedgerFull: "shed",
      journalFsync: "always",
    });
    const fault = faultOf({ WAYBILL_JOURNAL_MAX: "2G", WAYBILL_LEDGER_FULL: "drop" });
    expect(fault).toMatch(/^  WAYBILL_JOURNAL_MAX must be bytes, .*at least 1 MiB$/m);
    expect(fault).toMatch(/^  WAYBILL_LEDGER_FULL must be block or shed$/m);
    expect(faultOf({ WAYBILL_JOURNAL_MAX: "1000" })).toContain("at least 1 MiB");
  });

  it("takes the limits of the door, each with a number that keeps floods out and nobody else", () => {
    expect(readEnv({})).toMatchObject({
      trustProxy: false,
      maxConnections: 2000,
      door: {
        rateStore: "memory",
        rates: { address: { logins: 60, reads: 6000, writes: 3000 }, user: { reads: 3000, writes: 1500 } },
        loginTries: { account: 5, address: 50 },
        loginFloorMs: 500,
      },
    });
    const given = {
      WAYBILL_TRUST_PROXY: "10.0.0.0/8, ::1",
      WAYBILL_RATE_STORE: "database",
      WAYBILL_RATE_TIMEOUT_MS: "1",
      WAYBILL_RATE_ADDRESS_LOGINS: "2",
      WAYBILL_RATE_ADDRESS_READS: "3",
      WAYBILL_RATE_ADDRESS_WRITES: "4",
      WAYBILL_RATE_ACCOUNT_READS: "5",
      WAYBILL_RATE_ACCOUNT_WRITES: "6",
      WAYBILL_LOGIN_TRIES: "7",
      WAYBILL_LOGIN_ADDRESS_TRIES: "0",
      WAYBILL_LOGIN_FLOOR_MS: "0",
      WAYBILL_BATCH_CALLS: "9",
    };
    expect(readEnv(given)).toMatchObject({
      trustProxy: ["10.0.0.0/8", "::1"],
      door: {
        rateStore: "database",
        rateTimeoutMs: 1,
        rates: { address: { logins: 2, reads: 3, writes: 4 }, user: { reads: 5, writes: 6 } },
        loginTries: { account: 7, address: 0 },
        loginFloorMs: 0,
        batchCalls: 9,
      },
    });
    const fault = faultOf({ WAYBILL_TRUST_PROXY: "true", WAYBILL_RATE_STORE: "redis", WAYBILL_MAX_CONNECTIONS: "0" });
    expect(fault).toMatch(/^  WAYBILL_TRUST_PROXY must be how many proxies/m);
    expect(fault).toMatch(/^  WAYBILL_RATE_STORE must be memory or database$/m);
    expect(fault).toMatch(/^  WAYBILL_MAX_CONNECTIONS must be a whole number from 1/m);
  });

  it("takes the tables whose reads are cached, and none by default", () => {
    expect(readEnv({ WAYBILL_CACHE_STALE_MS: "5" }).cache).toBeUndefined();
    const given = { WAYBILL_CACHE_TABLES: 'airports=60000, "My Table"=5', WAYBILL_CACHE_BYTES: "1 MiB" };
    expect(readEnv({ ...given, WAYBILL_CACHE_STALE_MS: "7" }).cache).toEqual({
      tables: { airports: { ttlMs: 60_000, staleMs: 7 }, '"My Table"': { ttlMs: 5, staleMs: 7 } },
      maxBytes: 1_048_576,
    });
    for (const wrong of ["airports", "airports=0", "airports=86400001", "my table=5", "public.data_models=5"]) {
      const fault = faultOf({ WAYBILL_CACHE_TABLES: wrong });
      expect(fault).toMatch(/^  WAYBILL_CACHE_TABLES must be tables with the ms .*airports=60000/m);
      expect(fault).not.toContain("data_models");
    }
  });

  it("takes a project with all it needs", () => {
    expect(readEnv({ ...project, WAYBILL_ALLOWED_ORIGINS: "https://a.example, http://localhost:5173" })).toMatchObject({
      supabase: { kind: "project", url: project.SUPABASE_URL },
      allowedOrigins: ["https://a.example", "http://localhost:5173"],
    });
  });

  it.each(Object.keys(project))("names %s when it alone is missing, with the remedy", (name) => {
    const rest = Object.fromEntries(Object.entries(project).filter(([key]) => key !== name));
    expect(faultOf(rest)).toMatch(new RegExp(`^  ${name} is missing: \\w+`, "m"));
  });

  it("names every wrong variable at once, and no value", () => {
    const fault = faultOf({
      SUPABASE_URL: "http://abc.supabase.co",
      SUPABASE_SECRET_KEY: "hunter2",
      WAYBILL_PORT: "99999",
      WAYBILL_ALLOWED_ORIGINS: "https://a.example/path",
      WAYBILL_ENCRYPTION_KEY: "k1:dG9vIHNob3J0",
      WAYBILL_LOG_LEVEL: "loud",
    });
    for (const name of [
      "SUPABASE_URL",
      "SUPABASE_SECRET_KEY",
      "SUPABASE_PUBLISHABLE_KEY",
      "WAYBILL_PORT",
      "WAYBILL_ALLOWED_ORIGINS",
      "WAYBILL_ENCRYPTION_KEY",
      "WAYBILL_LOG_LEVEL",
    ]) {
      expect(fault).toContain(name);
    }
    expect(fault).not.toMatch(/hunter2|dG9vIHNob3J0|loud/);
  });

  it.each([
    ["WAYBILL_CAPTURE_BYTES", "65537"],
    ["WAYBILL_REDACT", "phone,users."],
    ["WAYBILL_REDACT", "*"],
  ])("refuses %s=%s itself, or a part further in would, by a name that nobody has set", (name, value) => {
    expect(faultOf({ [name]: value })).toMatch(new RegExp(`^  ${name} must be`, "m"));
    expect(readEnv({ WAYBILL_REDACT: "phone, public.users.ssn,payments.*" }).redact).toHaveLength(3);
  });

  it("gives a command that makes the missing encryption key", () => {
    const { WAYBILL_ENCRYPTION_KEY: _, ...rest } = project;
    expect(faultOf(rest)).toContain("randomBytes(32)");
  });

  it("lets http in for a loopback host only, and only where it is allowed", () => {
    const local = { ...project, SUPABASE_URL: "http://127.0.0.1:54321" };
    expect(faultOf(local)).toContain("SUPABASE_URL");
    expect(faultOf({ ...local, WAYBILL_ALLOW_HTTP_LOOPBACK: "1" })).toBe("");
    expect(faultOf({ ...project, SUPABASE_URL: "http://abc.supabase.co", WAYBILL_ALLOW_HTTP_LOOPBACK: "1" })).toContain(
      "SUPABASE_URL",
    );
  });

  it("reports a setting that does not exist, and takes an empty one for none", () => {
    expect(readEnv({ WAYBILL_REDCAT: "phone" }).warnings).toEqual([expect.stringContaining("WAYBILL_REDCAT")]);
    expect(readEnv({ WAYBILL_ADMIN_PASSWORD: "x", WAYBILL_PORT: "", SUPABASE_URL: "" }).warnings).toEqual([]);
    expect(readAdminPassword({ WAYBILL_ADMIN_PASSWORD: "" })).toBeUndefined();
  });
});

it("takes addresses where a sign-in may end, as a browser will write them, and none that leaves room for another", () => {
  const redirects = (WAYBILL_REDIRECTS: string) => readEnv({ WAYBILL_REDIRECTS }).redirects;
  expect(redirects("https://App.example.com, http://localhost:5173/in")).toEqual([
    "https://app.example.com/",
    "http://localhost:5173/in",
  ]);
  for (const wrong of [
    "https://*.example.com",
    "https://app.example.com/in?x=1",
    "https://app.example.com/#in",
    "https://me@app.example.com/",
    "http://app.example.com/",
    "app.example.com",
    "javascript:alert(1)",
  ]) {
    expect(() => redirects(wrong)).toThrow("WAYBILL_REDIRECTS");
  }
});

it("takes another issuer of the project's tokens", () => {
  const SUPABASE_JWT_ISSUER = "https://api.example.com/auth/v1";
  expect(readEnv({ ...project, SUPABASE_JWT_ISSUER }).supabase).toMatchObject({ jwtIssuer: SUPABASE_JWT_ISSUER });
  expect(() => readEnv({ ...project, SUPABASE_JWT_ISSUER: "me" })).toThrow("SUPABASE_JWT_ISSUER");
});
