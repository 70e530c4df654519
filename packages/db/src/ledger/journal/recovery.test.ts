import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { operationIdOf } from "../row.ts";
import { journalOptions } from "../testing/journal-options.ts";
import { sampleIntent, sampleOutcome } from "../testing/sample.ts";
import { temporaryDirectory } from "../testing/temporary-directory.ts";
import { Journal } from "./journal.ts";
import { type Recovered, recoverJournal } from "./recovery.ts";
import { RowReader } from "./row-reader.ts";

/** A journal of several segments as a killed process leaves it; answers what is settled and what is open in it. */
function leaveJournal(
  directory: string,
  operations: number,
  segmentBytes = 4096,
): { settled: string[]; open: string[] } {
  const journal = new Journal({ ...journalOptions(directory), pendingAfterMs: 0, segmentBytes });
  const left: { settled: string[]; open: string[] } = { settled: [], open: [] };
  for (let index = 0; index < operations; index++) {
    const intent = sampleIntent();
    const operation = journal.begin(intent);
    journal.writeTurn();
    if (index % 5 === 2) left.open.push(intent.operation_id);
    else {
      operation.settle(sampleOutcome());
      left.settled.push(intent.operation_id);
    }
    if (index % 7 === 0) journal.tick();
  }
  journal.seal();
  return left;
}

function recover(directory: string): Promise<Recovered> {
  return recoverJournal({ directory, write: writeSync, sync: undefined, damagedFile: join(directory, "kept.damaged") });
}

interface FoundRow {
  readonly id: string;
  readonly status: unknown;
}

async function rowsOf({ segments }: Recovered, maxBytes = 1500): Promise<FoundRow[]> {
  const reader = new RowReader({ segments: () => segments, drained: () => {}, damaged: () => {} });
  const rows: FoundRow[] = [];
  for (;;) {
    const batch = await reader.next(maxBytes);
    if (batch === undefined) break;
    for (const row of batch.rows) {
      const { status }: { status: unknown } = JSON.parse(row.toString());
      rows.push({ id: operationIdOf(row), status });
    }
    batch.acknowledge();
  }
  await reader.close();
  return rows;
}

function idsWith(rows: readonly FoundRow[], status: string): string[] {
  return [...new Set(rows.filter((row) => row.status === status).map(({ id }) => id))].toSorted();
}

test("a whole journal comes back whole: settled ones as they were, open ones as OUTCOME_UNKNOWN", async () => {
  using home = temporaryDirectory();
  const left = leaveJournal(home.path, 100);
  const found = await recover(home.path);
  expect(found).toMatchObject({ unknown: left.open.length, damaged: 0 });
  expect(found.segments.length).toBeGreaterThan(5);
  const rows = await rowsOf(found);
  expect(idsWith(rows, "success")).toEqual(left.settled);
  expect(idsWith(rows, "error")).toEqual(left.open);
  expect(rows).toHaveLength(found.rows);
});

test("a row that is larger than a batch is a batch of its own", async () => {
  using home = temporaryDirectory();
  const left = leaveJournal(home.path, 10);
  expect(idsWith(await rowsOf(await recover(home.path), 10), "success")).toEqual(left.settled);
});

test("an interrupted recovery is repeated without settling anything twice", async () => {
  using home = temporaryDirectory();
  const left = leaveJournal(home.path, 60);
  const intents = readdirSync(home.path).filter((name) => name.endsWith(".intents"));
  const kept = intents.map((name) => ({ path: join(home.path, name), bytes: readFileSync(join(home.path, name)) }));
  const first = await recover(home.path);
  // Killed while it wrote the rows of the open ones: the last is torn, and no intent is removed yet.
  const last = first.segments.at(-1)?.rows;
  if (last !== undefined) truncateSync(last.path, last.bytes - 20);
  for (const { path, bytes } of kept) writeFileSync(path, bytes);
  const second = await recover(home.path);
  expect(second.unknown).toBe(1);
  const rows = await rowsOf(second);
  expect(idsWith(rows, "error")).toEqual(left.open);
  expect(rows.filter(({ status }) => status === "error")).toHaveLength(left.open.length);
});

test("a directory without segments, and files that are empty, recover to nothing", async () => {
  using home = temporaryDirectory();
  expect(await recover(home.path)).toMatchObject({ rows: 0, unknown: 0, damaged: 0 });
  leaveJournal(home.path, 0);
  expect(await recover(home.path)).toMatchObject({ rows: 0, unknown: 0, damaged: 0 });
});

test("a disk that is full during recovery leaves everything for the next try", async () => {
  using home = temporaryDirectory();
  const left = leaveJournal(home.path, 20);
  const write = (): number => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const full = recoverJournal({
    directory: home.path,
    write,
    sync: undefined,
    damagedFile: join(home.path, "kept.damaged"),
  });
  await expect(full).rejects.toThrow("no space");
  const rows = await rowsOf(await recover(home.path));
  expect(idsWith(rows, "error")).toEqual(left.open);
});

test(
  "truncated and overwritten files never stop recovery, and cost only what they hit",
  { timeout: 60_000 },
  async () => {
    const hit = fc.record({
      file: fc.nat(),
      at: fc.nat(),
      length: fc.integer({ min: 1, max: 60 }),
      byte: fc.integer({ min: -1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(hit, { minLength: 1, maxLength: 4 }), async (hits) => {
        using home = temporaryDirectory();
        const left = leaveJournal(home.path, 40, 8192);
        const before = readdirSync(home.path);
        const spoiled = new Set<string>();
        for (const one of hits)
          for (const id of spoil(join(home.path, before[one.file % before.length] ?? ""), one)) spoiled.add(id);
        const rows = await rowsOf(await recover(home.path));
        const success = idsWith(rows, "success");
        const known = new Set(rows.map(({ id }) => id));
        const isSpared = (id: string): boolean => !spoiled.has(id);
        expect(success).toEqual(expect.arrayContaining(left.settled.filter(isSpared)));
        expect([...known]).toEqual(expect.arrayContaining(left.open.filter(isSpared)));
        const all = new Set([...left.settled, ...left.open]);
        for (const id of known) expect(all).toContain(id);
      }),
      { seed: 20261122, numRuns: 60 },
    );
  },
);

/** Overwrites a stretch with one byte, or cuts the file there (-1); answers the operations whose records it touched. */
function spoil(path: string, { at, length, byte }: { at: number; length: number; byte: number }): string[] {
  const size = statSync(path).size;
  if (size === 0) return [];
  const bytes = readFileSync(path);
  const from = at % size;
  const to = byte === -1 ? size : Math.min(size, from + length);
  const touched: string[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    const id = /"operation_id":"([^"]+)"/.exec(bytes.toString("latin1", start, end))?.[1];
    // A record hit before may have lost its newline or its identifier: then this says too little, so all is in doubt.
    if (id === undefined || bytes.subarray(start, end).includes('"operation_id"', 40)) return allIn(bytes);
    if (start < to && end > from) touched.push(id);
    start = end + 1;
  }
  if (byte === -1) truncateSync(path, from);
  else {
    bytes.fill(byte, from, to);
    writeFileSync(path, bytes);
  }
  return touched;
}

function allIn(bytes: Buffer): string[] {
  return [...bytes.toString("latin1").matchAll(/"operation_id":"([^"]+)"/g)].map(([, id = ""]) => id);
}

test("what cannot be read is kept aside byte by byte, for its owner alone", async () => {
  using home = temporaryDirectory();
  leaveJournal(home.path, 3);
  const path = join(home.path, "00000001.rows");
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from([0xff, 0, 0x41])]));
  expect(await recover(home.path)).toMatchObject({ damaged: 1 });
  const kept = join(home.path, "kept.damaged");
  expect(readFileSync(kept)).toEqual(Buffer.from([0xff, 0, 0x41, 0x0a]));
  expect(statSync(kept).mode & 0o777).toBe(0o600);
});

test("what was kept aside stays when the next process recovers the rest again", async () => {
  using home = temporaryDirectory();
  leaveJournal(home.path, 3, 1 << 20);
  appendFileSync(join(home.path, "00000001.intents"), "torn intent");
  appendFileSync(join(home.path, "00000001.rows"), "torn row");
  for (const damaged of [2, 1, 1]) {
    expect(await recover(home.path)).toMatchObject({ damaged });
    expect(readFileSync(join(home.path, "kept.damaged"), "utf8")).toBe("torn intent\ntorn row\n");
  }
});
