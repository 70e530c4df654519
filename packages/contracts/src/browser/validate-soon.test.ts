import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import type { ErrorIssue } from "../errors.ts";
import { type SoonState, validateSoon } from "./validate-soon.ts";

const issue = (rule: string): ErrorIssue => ({ field: "id", rule, message: "must be otherwise" });
const short = (row: string) =>
  row.length > 2 ? ({ ok: true } as const) : ({ ok: false, issues: [issue("minLength")] } as const);

/** A form whose server answers when the test says so. */
function form(options: { delayMs?: number; timeoutMs?: number } = {}) {
  const told: SoonState[] = [];
  const asked = new Map<string, { signal: AbortSignal; answer: (rule: string) => void; fail: (why: Error) => void }>();
  const soon = validateSoon<string>({
    delayMs: 20,
    ...options,
    local: short,
    ask: (row, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<{ issues: ErrorIssue[] }>();
      asked.set(row, { signal, answer: (rule) => resolve({ issues: [issue(rule)] }), fail: reject });
      return promise;
    },
    tell: (state) => told.push(state),
  });
  const isAsked = (row: string) => expect.poll(() => asked.has(row), { timeout: 10_000 }).toBe(true);
  return { soon, told, asked, isAsked };
}

it("tells at once what the browser finds, and then what the server says", async () => {
  const { soon, told, asked, isAsked } = form();
  soon("ab");
  expect(told).toEqual([{ issues: [issue("minLength")], pending: true }]);
  await isAsked("ab");
  asked.get("ab")?.answer("23505");
  await expect.poll(() => told.at(-1)).toEqual({ issues: [issue("23505")], pending: false });
});

it("asks once for a row that is typed quickly, and for none that was typed over", async () => {
  const { soon, told, asked, isAsked } = form({ delayMs: 200 });
  for (const row of ["abc", "abcd", "abcde"]) soon(row);
  expect(told).toHaveLength(3);
  await isAsked("abcde");
  expect([...asked.keys()]).toEqual(["abcde"]);
});

it("aborts what was asked for the row before, and lets its late answer say nothing", async () => {
  const { soon, told, asked, isAsked } = form();
  soon("first");
  await isAsked("first");
  soon("second");
  expect(asked.get("first")?.signal.aborted).toBe(true);
  await isAsked("second");
  asked.get("second")?.answer("of second");
  await expect.poll(() => told.at(-1)?.pending).toBe(false);
  asked.get("first")?.answer("of first");
  await wait(30);
  expect(told.at(-1)).toEqual({ issues: [issue("of second")], pending: false });
});

it("keeps what the browser found when the server cannot be asked, or does not answer in time", async () => {
  const { soon, told, asked, isAsked } = form({ timeoutMs: 150 });
  soon("ab");
  await isAsked("ab");
  const failure = new Error("no network");
  asked.get("ab")?.fail(failure);
  await expect.poll(() => told.at(-1)).toEqual({ issues: [issue("minLength")], pending: false, failure });
  soon("ac");
  await isAsked("ac");
  await expect.poll(() => told.at(-1)?.pending, { timeout: 10_000 }).toBe(false);
  expect(told.at(-1)).toMatchObject({ issues: [issue("minLength")], failure: { name: "TimeoutError" } });
  expect(asked.get("ac")?.signal.aborted).toBe(true);
});

it("holds the same row once more when it is told that the rules have changed, and what was asked before is void", async () => {
  const { soon, told, asked, isAsked } = form();
  soon.again();
  expect(told).toEqual([]);
  soon("ab");
  await isAsked("ab");
  const before = asked.get("ab");
  soon.again();
  expect(before?.signal.aborted).toBe(true);
  expect(told.at(-1)).toEqual({ issues: [issue("minLength")], pending: true });
  await expect.poll(() => asked.get("ab") !== before, { timeout: 10_000 }).toBe(true);
  before?.answer("late");
  asked.get("ab")?.answer("by the new rules");
  await expect.poll(() => told.at(-1)).toEqual({ issues: [issue("by the new rules")], pending: false });
  soon.close();
  soon.again();
  expect(told).toHaveLength(3);
});

it("says nothing more once it is closed", async () => {
  const { soon, told, asked, isAsked } = form();
  soon("abc");
  await isAsked("abc");
  soon.close();
  expect(asked.get("abc")?.signal.aborted).toBe(true);
  asked.get("abc")?.answer("late");
  soon("abcd");
  await wait(50);
  expect(told).toEqual([{ issues: [], pending: true }]);
  expect(asked.has("abcd")).toBe(false);
});
