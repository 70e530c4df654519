import { expect, test } from "vitest";
import { openReport } from "./report.ts";

test("a step hands on its value and keeps its note", async () => {
  const report = openReport();
  const value = await report.step("count", async (note) => {
    note("two of them");
    return 2;
  });
  expect(value).toBe(2);
  expect(report.results).toMatchObject([{ name: "count", outcome: "passed", note: "two of them" }]);
});

test("a step that throws is failed with the message, and ends the scenario", async () => {
  const heard: string[] = [];
  const report = openReport({ onResult: ({ name, outcome }) => heard.push(`${name} ${outcome}`) });
  const failing = report.step("query", () => Promise.reject(new Error("no rows; run the import first")));
  await expect(failing).rejects.toThrow("no rows");
  expect(report.results).toMatchObject([{ outcome: "failed", note: "no rows; run the import first" }]);
  expect(heard).toEqual(["query failed"]);
});

test("a step that hangs is failed at its deadline", async () => {
  const report = openReport();
  await expect(report.step("wait", () => new Promise(() => {}), 20)).rejects.toThrow("did not end within 0.02 s");
  expect(report.results).toMatchObject([{ name: "wait", outcome: "failed" }]);
});

test("a skipped step says why", () => {
  const report = openReport();
  report.skip("records = calls", "the server was not started here");
  expect(report.results).toEqual([
    { name: "records = calls", outcome: "skipped", ms: 0, note: "the server was not started here" },
  ]);
});

test("an interruption ends the step under way, and every later one", async () => {
  const interruption = new AbortController();
  const report = openReport({ signal: interruption.signal });
  const waiting = report.step("wait", () => new Promise(() => {}));
  interruption.abort();
  await expect(waiting).rejects.toThrow("interrupted");
  await expect(report.step("next", () => Promise.resolve())).rejects.toThrow("interrupted");
});
