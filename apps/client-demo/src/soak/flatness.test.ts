import { expect, test } from "vitest";
import { flatness } from "./flatness.ts";
import { sampleProcess } from "./process-sample.ts";

const MIB = 1024 * 1024;

function run(rss: (at: number) => number, handles: (at: number) => number | undefined = () => 30) {
  return Array.from({ length: 100 }, (_, at) => ({ rss: rss(at) * MIB, handles: handles(at) }));
}

test("what warms up and then stays is flat, and so is a peak", () => {
  const samples = run((at) => (at < 20 ? 100 + at * 5 : at === 90 ? 900 : 200 + (at % 7)));
  expect(flatness(samples)).toMatchObject({ differences: [], handles: [30, 30] });
});

test("memory that goes on growing is told", () => {
  expect(flatness(run((at) => 200 + at * 2)).differences).toEqual([
    expect.stringMatching(/^memory grew from 2\d\d MiB/),
  ]);
});

test("handles that leak are told; where nobody counts them they are not judged", () => {
  const leaking = flatness(
    run(
      () => 200,
      (at) => 30 + at,
    ),
  );
  expect(leaking.differences).toEqual([expect.stringContaining("open files and sockets grew")]);
  expect(
    flatness(
      run(
        () => 200,
        () => undefined,
      ),
    ),
  ).toMatchObject({ differences: [], handles: undefined });
});

test("a run that is too short tells nothing", () => {
  expect(() => flatness(run(() => 1).slice(0, 10))).toThrow("too few");
});

test("a sample of this process", async () => {
  const { rss } = await sampleProcess(process.pid);
  expect(rss).toBeGreaterThan(10 * MIB);
  await expect(sampleProcess(2 ** 22 + 1)).rejects.toThrow("ps");
});
