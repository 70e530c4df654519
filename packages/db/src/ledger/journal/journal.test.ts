import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { journalOptions } from "../testing/journal-options.ts";
import { sampleIntent, sampleOutcome } from "../testing/sample.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { Journal, type JournalOptions } from "./journal.ts";

function openJournal(directory: string, given: Partial<JournalOptions> = {}): Journal {
  return new Journal({ ...journalOptions(directory), ...given });
}

/** The operations that the journal's files name, one a record. */
function onDisk(directory: string, kind: "intents" | "rows"): string[] {
  const files = readdirSync(directory).filter((name) => name.endsWith(`.${kind}`));
  const text = files.map((name) => readFileSync(join(directory, name), "utf8")).join("");
  return [...text.matchAll(/^[0-9a-f]{8} [IPO]\{"operation_id":"([^"]+)"/gm)].map(([, id = ""]) => id);
}

/** A disk with so much room left, in bytes. */
function smallDisk(room: number): { write: JournalOptions["write"]; room: number } {
  const disk = {
    room,
    write(fd: number, bytes: Buffer, offset: number, length: number): number {
      if (disk.room === 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      const taken = writeSync(fd, bytes, offset, Math.min(length, disk.room));
      disk.room -= taken;
      return taken;
    },
  };
  return disk;
}

test("written resolves when the intent is in the file, and not before", async () => {
  using home = temporaryDirectory();
  const journal = openJournal(home.path);
  const intent = sampleIntent();
  const operation = journal.begin(intent);
  expect(onDisk(home.path, "intents")).toEqual([]);
  await operation.written;
  expect(onDisk(home.path, "intents")).toEqual([intent.operation_id]);
  operation.settle(sampleOutcome());
  operation.settle(sampleOutcome({ status: "error", error_message: "a second call is ignored" }));
  journal.seal();
  expect(onDisk(home.path, "rows")).toEqual([intent.operation_id]);
});

test("all that a turn begins and settles takes one write each", async () => {
  using home = temporaryDirectory();
  let writes = 0;
  const write: JournalOptions["write"] = (fd, bytes, offset, length) => {
    writes += 1;
    return writeSync(fd, bytes, offset, length);
  };
  const journal = openJournal(home.path, { write });
  const begun = Array.from({ length: 200 }, () => journal.begin(sampleIntent()));
  await Promise.all(begun.map(({ written }) => written));
  expect(writes).toBe(1);
  for (const operation of begun) operation.settle(sampleOutcome());
  await journal.begin(sampleIntent()).written;
  expect(writes).toBe(3);
  journal.seal();
});

test("a turn that begins megabytes is written in pieces, not collected", async () => {
  using home = temporaryDirectory();
  const journal = openJournal(home.path);
  const query_data = `"${"x".repeat(50_000)}"`;
  const begun = Array.from({ length: 100 }, () => journal.begin(sampleIntent({ query_data })));
  expect(onDisk(home.path, "intents").length).toBeGreaterThan(60);
  await Promise.all(begun.map(({ written }) => written));
  expect(onDisk(home.path, "intents")).toHaveLength(100);
  journal.seal();
});

test("files are readable by their owner alone", async () => {
  using home = temporaryDirectory();
  const journal = openJournal(home.path);
  await journal.begin(sampleIntent()).written;
  for (const name of readdirSync(home.path)) expect(statSync(join(home.path, name)).mode & 0o777).toBe(0o600);
  journal.seal();
});

test("a full disk refuses operations with LEDGER_FULL, keeps the outcomes owed, and goes on when there is room", async () => {
  using home = temporaryDirectory();
  const disk = smallDisk(1 << 20);
  const log: string[] = [];
  const journal = openJournal(home.path, {
    write: disk.write,
    log: (level, message) => log.push(`${level} ${message}`),
  });
  const early = sampleIntent();
  const operation = journal.begin(early);
  await operation.written;
  disk.room = 100;
  operation.settle(sampleOutcome());
  const refused = journal.begin(sampleIntent());
  await expect(refused.written).rejects.toMatchObject({ code: "LEDGER_FULL", hint: expect.stringContaining("space") });
  refused.settle(sampleOutcome());
  await expect(journal.begin(sampleIntent()).written).rejects.toMatchObject({ code: "LEDGER_FULL" });
  expect(journal).toMatchObject({ refused: 2, open: 1, failure: expect.stringContaining("ENOSPC") });
  // What the disk took of a record was taken back.
  expect(readFileSync(join(home.path, "00000001.rows"), "utf8")).toBe("");

  disk.room = 1 << 20;
  // Nobody sends while health says full: it is found out without an operation.
  journal.tick();
  expect(journal.failure).toBeUndefined();
  const late = sampleIntent();
  await journal.begin(late).written;
  journal.seal();
  expect(onDisk(home.path, "rows")).toEqual([early.operation_id]);
  expect(onDisk(home.path, "intents")).toEqual([early.operation_id, late.operation_id]);
  expect(journal.failure).toBeUndefined();
  expect(log).toHaveLength(2);
});

test("an outcome that found the disk full is written by the next tick", async () => {
  using home = temporaryDirectory();
  const disk = smallDisk(1 << 20);
  const journal = openJournal(home.path, { write: disk.write });
  const operation = journal.begin(sampleIntent());
  await operation.written;
  disk.room = 0;
  operation.settle(sampleOutcome());
  journal.writeTurn();
  expect(onDisk(home.path, "rows")).toEqual([]);
  disk.room = 1 << 20;
  journal.tick();
  expect(onDisk(home.path, "rows")).toHaveLength(1);
  journal.seal();
});

test("beyond maxBytes operations are refused, outcomes are not", async () => {
  using home = temporaryDirectory();
  let others = 0;
  const journal = openJournal(home.path, { maxBytes: 10_000, otherBytes: () => others });
  const operation = journal.begin(sampleIntent());
  await operation.written;
  others = 10_000;
  await expect(journal.begin(sampleIntent()).written).rejects.toMatchObject({ code: "LEDGER_FULL" });
  operation.settle(sampleOutcome());
  expect(journal.failure).toContain("maxJournalBytes");
  others = 0;
  journal.tick();
  expect(journal.failure).toBeUndefined();
  await journal.begin(sampleIntent()).written;
  expect(onDisk(home.path, "rows")).toHaveLength(1);
  expect(journal.refused).toBe(1);
  journal.seal();
});

test.each(["ENOSPC", "EROFS", "EIO"])(
  "with shed, operations go on without a record when the disk says %s",
  async (code) => {
    using home = temporaryDirectory();
    let isBroken = false;
    const log = vi.fn<JournalOptions["log"]>();
    const journal = openJournal(home.path, {
      whenFull: "shed",
      log,
      write(fd, bytes, offset, length) {
        if (isBroken) throw Object.assign(new Error("no"), { code });
        return writeSync(fd, bytes, offset, length);
      },
    });
    const early = sampleIntent();
    const operation = journal.begin(early);
    await operation.written;
    isBroken = true;
    for (let index = 0; index < 100; index++) {
      const shed = journal.begin(sampleIntent());
      await shed.written;
      shed.settle(sampleOutcome());
    }
    // its intent has been written, so its outcome is owed
    operation.settle(sampleOutcome());
    expect(journal).toMatchObject({ shed: 100, refused: 0, open: 1, failure: expect.stringContaining(code) });
    isBroken = false;
    journal.tick();
    const late = sampleIntent();
    await journal.begin(late).written;
    journal.seal();
    expect(onDisk(home.path, "intents")).toEqual([early.operation_id, late.operation_id]);
    expect(onDisk(home.path, "rows")).toEqual([early.operation_id]);
    const said = log.mock.calls.map(([level, message]) => `${level} ${message}`);
    expect(
      said.filter((line) => line.startsWith("error The journal cannot be written. Operations go on")),
    ).toHaveLength(1);
    expect(said.filter((line) => line.includes("WAYBILL_LEDGER_FULL=shed"))).toHaveLength(7);
    expect(log).toHaveBeenLastCalledWith("info", "The journal is written again", { refused: 0, shed: 100 });
  },
);

test("with shed, operations go on without a record beyond maxBytes", async () => {
  using home = temporaryDirectory();
  let others = 10_000;
  const journal = openJournal(home.path, { whenFull: "shed", maxBytes: 10_000, otherBytes: () => others });
  const shed = journal.begin(sampleIntent());
  await shed.written;
  shed.settle(sampleOutcome());
  expect(journal).toMatchObject({ shed: 1, refused: 0, open: 0, failure: expect.stringContaining("maxJournalBytes") });
  others = 0;
  journal.tick();
  await journal.begin(sampleIntent()).written;
  journal.close();
  await expect(journal.begin(sampleIntent()).written).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  journal.seal();
  expect(onDisk(home.path, "intents")).toHaveLength(1);
  expect(journal).toMatchObject({ shed: 1, refused: 1, failure: undefined });
});

test("when no new file can be made it goes on in the old one, and says so once", async () => {
  using home = temporaryDirectory();
  const directory = join(home.path, "journal");
  mkdirSync(directory);
  const log = vi.fn<JournalOptions["log"]>();
  const journal = openJournal(directory, { segmentBytes: 1, log });
  renameSync(directory, `${directory}-away`);
  for (let index = 0; index < 20; index++) await journal.begin(sampleIntent()).written;
  expect(log).toHaveBeenCalledExactlyOnceWith(
    "error",
    expect.stringContaining("No new journal file"),
    expect.anything(),
  );
  expect(journal).toMatchObject({ refused: 0, failure: undefined });
  renameSync(`${directory}-away`, directory);
  const before = journal.segments.length;
  journal.tick();
  expect(journal.segments).toHaveLength(before + 1);
  journal.seal();
  expect(onDisk(directory, "intents")).toHaveLength(20);
});

test("a closed journal refuses", async () => {
  using home = temporaryDirectory();
  const journal = openJournal(home.path);
  journal.close();
  await expect(journal.begin(sampleIntent()).written).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  journal.seal();
});

test("a flushed segment goes, and an intent in it that is still open moves on", async () => {
  using home = temporaryDirectory();
  const journal = openJournal(home.path, { segmentBytes: 4096 });
  const lasting = sampleIntent();
  const operation = journal.begin(lasting);
  await operation.written;
  while (journal.segments.length < 3) {
    const other = journal.begin(sampleIntent());
    await other.written;
    other.settle(sampleOutcome());
  }
  const bytes = journal.bytes;
  for (const segment of journal.segments.slice(0, -1)) journal.release(segment);
  expect(journal.segments).toHaveLength(1);
  expect(journal.bytes).toBeLessThan(bytes);
  expect(onDisk(home.path, "intents")).toContain(lasting.operation_id);
  expect(readdirSync(home.path)).toHaveLength(2);
  operation.settle(sampleOutcome());
  journal.seal();
});

test("when an open intent cannot move, only the rows go, and the intent follows when there is room", async () => {
  using home = temporaryDirectory();
  const disk = smallDisk(1 << 20);
  const journal = openJournal(home.path, { segmentBytes: 2048, write: disk.write });
  const lasting = sampleIntent();
  await journal.begin(lasting).written;
  while (journal.segments.length < 2) {
    const other = journal.begin(sampleIntent());
    await other.written;
    other.settle(sampleOutcome());
  }
  disk.room = 0;
  const [first] = journal.segments;
  if (first !== undefined) journal.release(first);
  expect(readdirSync(home.path).toSorted()).toEqual(["00000001.intents", "00000002.intents", "00000002.rows"]);
  disk.room = 1 << 20;
  journal.tick();
  expect(readdirSync(home.path).toSorted()).toEqual(["00000002.intents", "00000002.rows"]);
  expect(onDisk(home.path, "intents")).toContain(lasting.operation_id);
  journal.seal();
});

test("an operation that stays open becomes a pending row, once", async () => {
  using home = temporaryDirectory();
  const journal = openJournal(home.path, { pendingAfterMs: 20 });
  const intent = sampleIntent();
  const operation = journal.begin(intent);
  await operation.written;
  journal.tick();
  expect(onDisk(home.path, "rows")).toEqual([]);
  await sleep(40);
  journal.tick();
  journal.tick();
  expect(onDisk(home.path, "rows")).toEqual([intent.operation_id]);
  operation.settle(sampleOutcome());
  journal.seal();
  expect(onDisk(home.path, "rows")).toEqual([intent.operation_id, intent.operation_id]);
  expect(journal.open).toBe(0);
});
