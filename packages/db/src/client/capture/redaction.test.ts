import { describe, expect, it } from "vitest";
import { createRedaction, isSecretName } from "./redaction.ts";

describe("a name's own words", () => {
  const secret = [
    "password",
    "user_password",
    "passwordHash",
    "encrypted_password",
    "api_key",
    "apiKey",
    "APIKey",
    "apikey",
    "accessToken",
    "refresh_token",
    "token",
    "tokens",
    "client-secret",
    "otp",
    "otpCode",
    "data->>api_key",
    "users.secret",
    "PWD",
    "key",
    "userpassword",
    "sessiontoken",
    "clientsecret",
    "servicekey",
  ];
  it.each(secret)("%s is secret", (name) => expect(isSecretName(name)).toBe(true));
  const plain = [
    "monkey",
    "keyboard",
    "tokenizer",
    "secretary",
    "passenger",
    "hotpot",
    "name",
    "turkey",
    "compass_words",
    "",
    "id",
  ];
  it.each(plain)("%s is not", (name) => expect(isSecretName(name)).toBe(false));
});

describe("the list", () => {
  const redaction = createRedaction(["ssn", "patients.diagnosis", "vault.notes.*", "odd(name"]);

  it("holds a bare column in every table", () => {
    expect(redaction.secretsOf("anything", "alone").holds("ssn")).toBe(true);
    expect(redaction.secretsOf("anything", "alone").holds("data->>ssn")).toBe(true);
  });
  it("holds a table's column in that table, however it is written", () => {
    expect(redaction.secretsOf("patients", "alone").holds("diagnosis")).toBe(true);
    expect(redaction.secretsOf('"patients"', "alone").holds("diagnosis")).toBe(true);
    expect(redaction.secretsOf("airports", "alone").holds("diagnosis")).toBe(false);
  });
  it("holds every listed column where other tables' rows may come along", () => {
    expect(redaction.secretsOf("airports", "embedding").holds("diagnosis")).toBe(true);
    expect(redaction.secretsOf("patients", "embedding").holds("diagnosis")).toBe(true);
  });
  it("holds all of a table named with a star", () => {
    expect(redaction.secretsOf("vault.notes", "alone")).toMatchObject({ all: true });
    expect(redaction.secretsOf("vault.notes", "alone").suspects("[1]")).toBe(true);
  });
  it("suspects a text by its keys, not by its values", () => {
    const secrets = redaction.secretsOf("airports", "alone");
    expect(secrets.suspects('[{"name":"monkey","note":"the secret key"}]')).toBe(false);
    expect(secrets.suspects('[{"api_key" : 1}]')).toBe(true);
    expect(secrets.suspects('[{"ssn":1}]')).toBe(true);
    expect(secrets.suspects(JSON.stringify({ payload: JSON.stringify({ token: "x" }) }))).toBe(true);
    expect(secrets.suspects(JSON.stringify([JSON.stringify([JSON.stringify({ ssn: "x" })])]))).toBe(true);
    expect(secrets.suspects('[{"odd(name":1}]')).toBe(true);
    expect(secrets.suspects(String.raw`[{"\u0061pi_\u006bey":1}]`)).toBe(true);
  });
  it("refuses an entry that names no column", () => {
    expect(() => createRedaction(["users."])).toThrow(/"users\." is not "column" or "table.column"/);
  });
  it("looks once at a text, however full of suspicious words it is", () => {
    const secrets = redaction.secretsOf("airports", "alone");
    expect(secrets.suspects(`"${"key".repeat(5000)}"`)).toBe(true);
    expect(secrets.suspects(`{"${"key".repeat(50)}":1}`)).toBe(true);
  });
});
