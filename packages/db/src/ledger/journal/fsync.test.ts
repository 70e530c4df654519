import { existsSync, fstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turnEnds, setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { journalOptions } from "../testing/journal-options.ts";
import { sampleIntent, sampleOutcome } from "../testing/sample.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { recoverJournal } from "./recovery.ts";

/** A disk that syncs when it is told to, and fails when it is told to. */
class SlowDisk {
  /** Sizes of the files at the moment at which their sync began. */
  readonly synced: number[] = [];
  failure: Error | undefined;
  #open = Promise.withResolvers<void>();

  constructor(isOpen = false) {
    if (isOpen) this.#open.resolve();
  }

  release(): void {
    this.#open.resolve();
    this.#open = Promise.withResolvers();
  }

  readonly syncFile = async (fd: number): Promise<void> => {
    this.synced.push(fstatSync(fd).size);
    await this.#open.promise;
    if (this.failure !== undefined) throw this.failure;
  };
}

function openJournal(directory: string, disk: SlowDisk, given: Partial<JournalOptions>): Journal {
  return new Journal({ ...journalOptions(directory), syncFile: disk.syncFile, ...given });
}

/** Gives the journal, which writes in the check phase of a turn, and the disk some turns. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  for (let turn = 0; turn < 5; turn++) await turnEnds();
  return settled;
}

async function end(journal: Journal, disk: SlowDisk): Promise<void> {
  disk.failure = undefined;
  journal.seal();
  const synced = journal.synced();
  while (!(await isSettled(synced))) disk.release();
}

test("with always a request leaves when its intent is on the disk, and not before", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk();
  const journal = openJournal(home.path, disk, { fsync: "always" });
  const { written } = journal.begin(sampleIntent());
  expect(await isSettled(written)).toBe(false);
  const size = statSync(join(home.path, "00000001.intents")).size;
  expect(size).toBeGreaterThan(0);
  expect(disk.synced).toEqual([size]);
  disk.release();
  await written;
  await end(journal, disk);
});

test("with always the turns that come during a sync share the next one", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk();
  const journal = openJournal(home.path, disk, { fsync: "always" });
  const first = journal.begin(sampleIntent()).written;
  expect(await isSettled(first)).toBe(false);
  const later: Promise<void>[] = [];
  for (let turn = 0; turn < 10; turn++) {
    later.push(journal.begin(sampleIntent()).written);
    await turnEnds();
  }
  disk.release();
  await first;
  // what was written after the sync had begun is not covered by it
  expect(await isSettled(Promise.race(later))).toBe(false);
  disk.release();
  await Promise.all(later);
  expect(disk.synced).toHaveLength(2);
  await end(journal, disk);
});

test("with always an outcome is synced too, without anybody waiting", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk(true);
  const journal = openJournal(home.path, disk, { fsync: "always" });
  const operation = journal.begin(sampleIntent());
  await operation.written;
  operation.settle(sampleOutcome());
  await vi.waitFor(() => {
    expect(disk.synced).toContain(statSync(join(home.path, "00000001.rows")).size);
  });
  await end(journal, disk);
});

test("with interval nobody waits, and both files are on the disk after the interval", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk();
  const journal = openJournal(home.path, disk, { fsync: "interval", syncEveryMs: 20 });
  const operation = journal.begin(sampleIntent());
  await operation.written;
  operation.settle(sampleOutcome());
  journal.writeTurn();
  expect(disk.synced).toEqual([]);
  await sleep(40);
  journal.tick();
  // the sync hangs, and the journal goes on
  await journal.begin(sampleIntent()).written;
  expect(disk.synced).toHaveLength(2);
  expect(Math.min(...disk.synced)).toBeGreaterThan(0);
  disk.release();
  await end(journal, disk);
});

test("with interval a quiet journal is not synced again", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk(true);
  const journal = openJournal(home.path, disk, { fsync: "interval", syncEveryMs: 0 });
  await journal.begin(sampleIntent()).written;
  for (let tick = 0; tick < 5; tick++) {
    journal.tick();
    await journal.synced();
  }
  expect(disk.synced).toHaveLength(1);
  await end(journal, disk);
});

test("a file that is closed by a rotation is brought to the disk too, then let go", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk(true);
  const journal = openJournal(home.path, disk, { fsync: "interval" });
  await journal.begin(sampleIntent()).written;
  const { size } = statSync(join(home.path, "00000001.intents"));
  journal.rotate();
  expect(disk.synced).toEqual([]);
  await journal.synced();
  expect(disk.synced).toEqual([size]);
  await end(journal, disk);
});

test("a file whose records are all in the database is let go without a sync", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk(true);
  const journal = openJournal(home.path, disk, { fsync: "interval" });
  const operation = journal.begin(sampleIntent());
  await operation.written;
  operation.settle(sampleOutcome());
  journal.writeTurn();
  journal.rotate();
  const [first] = journal.segments;
  if (first === undefined) throw new Error("no segment");
  journal.release(first);
  expect(existsSync(first.rows.path)).toBe(false);
  await journal.synced();
  expect(disk.synced).toEqual([]);
  await end(journal, disk);
});

test("with never nothing is synced", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk(true);
  const journal = openJournal(home.path, disk, { fsync: "never", syncEveryMs: 0, segmentBytes: 1 });
  for (let count = 0; count < 5; count++) await journal.begin(sampleIntent()).written;
  journal.tick();
  await journal.synced();
  journal.seal();
  expect(disk.synced).toEqual([]);
});

test("an intent that is carried on is on the disk before its old file goes", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk();
  const journal = openJournal(home.path, disk, { fsync: "interval" });
  await journal.begin(sampleIntent()).written;
  journal.rotate();
  const [first] = journal.segments;
  if (first === undefined) throw new Error("no segment");
  journal.release(first);
  await turnEnds();
  expect(existsSync(first.intents.path)).toBe(true);
  const { size } = statSync(join(home.path, "00000002.intents"));
  expect(disk.synced).toContain(size);
  disk.release();
  await vi.waitFor(() => expect(existsSync(first.intents.path)).toBe(false));
  await end(journal, disk);
});

test("with always a sync that fails refuses the turn, goes on in new files, and is over when one succeeds", async () => {
  using home = temporaryDirectory();
  const disk = new SlowDisk();
  const log = vi.fn<JournalOptions["log"]>();
  const journal = openJournal(home.path, disk, { fsync: "always", log });
  disk.failure = Object.assign(new Error("i/o error"), { code: "EIO" });
  const refused = journal.begin(sampleIntent());
  expect(await isSettled(refused.written)).toBe(false);
  disk.release();
  await expect(refused.written).rejects.toMatchObject({ code: "LEDGER_FULL", message: expect.stringContaining("EIO") });
  // it has a record all the same: what its caller settles it with
  refused.settle(sampleOutcome({ status: "error" }));
  expect(journal).toMatchObject({ refused: 1, unsynced: expect.stringContaining("EIO"), failure: expect.any(String) });
  expect(journal.segments).toHaveLength(2);
  disk.failure = undefined;
  journal.tick();
  await vi.waitFor(() => {
    disk.release();
    expect(journal.failure).toBeUndefined();
  });
  expect(journal.unsynced).toBeUndefined();
  expect(log.mock.calls.map(([level]) => level)).toEqual(["error", "info"]);
  await end(journal, disk);
});

test.each(["always", "interval"] as const)("with %s and shed a sync that fails keeps nobody waiting", async (fsync) => {
  using home = temporaryDirectory();
  const disk = new SlowDisk(true);
  disk.failure = new Error("no");
  const journal = openJournal(home.path, disk, { fsync, whenFull: "shed", syncEveryMs: 0 });
  await journal.begin(sampleIntent()).written;
  journal.tick();
  await journal.synced();
  expect(journal).toMatchObject({ refused: 0, shed: 0, unsynced: "no" });
  await end(journal, disk);
});

test("what recovery settles is on the disk before the intents go", async () => {
  using home = temporaryDirectory();
  const directory = join(home.path, "left");
  mkdirSync(directory);
  const journal = new Journal(journalOptions(directory));
  await journal.begin(sampleIntent()).written;
  journal.seal();
  const disk = new SlowDisk();
  const { write } = journalOptions(directory);
  const recovering = recoverJournal({ directory, write, sync: disk.syncFile, damagedFile: join(home.path, "damaged") });
  await vi.waitFor(() => expect(disk.synced).toHaveLength(1));
  expect(readdirSync(directory)).toContain("00000001.intents");
  disk.release();
  expect(await recovering).toMatchObject({ unknown: 1 });
  expect(readdirSync(directory)).not.toContain("00000001.intents");
});
