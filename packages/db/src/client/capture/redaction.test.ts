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
    expect(redaction.secretsOf("anything", false).holds("ssn")).toBe(true);
    expect(redaction.secretsOf("anything", false).holds("data->>ssn")).toBe(true);
  });
  it("holds a table's column in that table, however it is written", () => {
    expect(redaction.secretsOf("patients", false).holds("diagnosis")).toBe(true);
    expect(redaction.secretsOf('"patients"', false).holds("diagnosis")).toBe(true);
    expect(redaction.secretsOf("airports", false).holds("diagnosis")).toBe(false);
  });
  it("holds every listed column where other tables' rows may come along", () => {
    expect(redaction.secretsOf("airports", true).holds("diagnosis")).toBe(true);
    expect(redaction.secretsOf("patients", true).holds("diagnosis")).toBe(true);
  });
  it("holds all of a table named with a star", () => {
    expect(redaction.secretsOf("vault.notes", false)).toMatchObject({ all: true });
    expect(redaction.secretsOf("vault.notes", false).suspects("[1]")).toBe(true);
  });
  it("suspects a text by its keys, not by its values", () => {
    const secrets = redaction.secretsOf("airports", false);
    expect(secrets.suspects('[{"name":"monkey","note":"the secret key"}]')).toBe(false);
    expect(secrets.suspects('[{"api_key" : 1}]')).toBe(true);
    expect(secrets.suspects('[{"ssn":1}]')).toBe(true);
    expect(secrets.suspects('[{"odd(name":1}]')).toBe(true);
    expect(secrets.suspects(String.raw`[{"\u0061pi_\u006bey":1}]`)).toBe(true);
  });
  it("refuses an entry that names no column", () => {
    expect(() => createRedaction(["users."])).toThrow(/"users\." is not "column" or "table.column"/);
  });
});
