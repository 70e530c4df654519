import { describe, expect, it } from "vitest";
import { createRedaction, REDACTED } from "./redaction.ts";
import { scrub, scrubJson, type SentSecrets } from "./scrub.ts";

const secrets = createRedaction(["email", "full name"]).secretsOf("users", "alone");
const sent = (values: string[] = [], hasMore = false): SentSecrets => ({ secrets, values, hasMore });
const hide = (text: string) => scrub(text, sent());

describe("a key that Postgres repeats", () => {
  it.each([
    ["Key (email)=(a@b.co) already exists.", `Key (email)=(${REDACTED}) already exists.`],
    ["Key (id, email)=(1, a@b.co) is not present in table.", `Key (id, email)=(${REDACTED}) is not present in table.`],
    ['Key ("full name")=(Ada) is duplicated.', `Key ("full name")=(${REDACTED}) is duplicated.`],
    ["Key (lower(email))=(a) b) already exists.", `Key (lower(email))=(${REDACTED}) already exists.`],
    [
      "Key (email)=(a) conflicts with existing key (email)=(b).",
      `Key (email)=(${REDACTED}) conflicts with existing key (email)=(${REDACTED}).`,
    ],
    ["Key (id)=(1) and Key (email)=(a) already exists.", `Key (id)=(1) and Key (email)=(${REDACTED}) already exists.`],
    ["Key (email)=(cut off in a pre", `Key (email)=(${REDACTED}`],
    ["Key (id)=(1) already exists.", "Key (id)=(1) already exists."],
    ["Key (see the docs)", "Key (see the docs)"],
  ])("%s", (text, expected) => expect(hide(text)).toBe(expected));
});

it("hides what was sent, and in quotes whatever was not looked at", () => {
  expect(scrub("a hunter2 b", sent(["hunter", "hunter2"]))).toBe(`a ${REDACTED} b`);
  expect(scrub('invalid input: "x"', sent([], true))).toBe(`invalid input: "${REDACTED}"`);
});

// Each held the process for longer than a test may take, with nobody else served meanwhile.
describe("a text that was made to be read over and over", () => {
  it.each(["Key ()=(", "Key (a)=()", "Key (id)=(", "Key ("])("is read once: %s", (piece) => {
    const text = piece.repeat(100_000);
    expect(hide(text)).toBe(text);
  });
  it("is read once however many values are looked for in it", () => {
    const values = Array.from({ length: 500 }, (_, id) => `token-${id}-${"x".repeat(20)}`);
    const json = JSON.stringify(Array.from({ length: 200_000 }, () => "abc"));
    expect(scrubJson(json, sent(values))).toBe(json);
  });
});
