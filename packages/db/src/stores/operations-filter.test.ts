import fc from "fast-check";
import postgres from "postgres";
import { expect, inject, test } from "vitest";
import { formatMicros } from "../ledger/clock.ts";
import { createUuidV7 } from "../ledger/index.ts";
import { idBounds, newestDayFirst } from "./operations-filter.ts";

const hour = 3_600_000;

test("the bounds of a time range hold every id that is within a minute of its time", () => {
  const micros = fc.integer({ min: 0, max: 4_000_000_000_000_000 });
  const skew = fc.integer({ min: -60_000, max: 60_000 });
  fc.assert(
    fc.property(
      micros,
      fc.integer({ min: 0, max: 10 ** 12 }),
      fc.integer({ min: 1, max: 10 ** 12 }),
      skew,
      (at, a, b, ms) => {
        const bounds = idBounds({
          created_from: formatMicros(Math.max(0, at - a)),
          created_before: formatMicros(at + b),
        });
        const id = createUuidV7(() => Math.max(1, Math.floor(at / 1000) + ms))();
        expect(id >= (bounds.from ?? "") && id < (bounds.before ?? "")).toBe(true);
      },
    ),
  );
});

test("of an hour they read the partitions of its day, and neither the other days nor the rest", async () => {
  const noon = new Date().setUTCHours(12, 0, 0, 0);
  const range = { created_from: formatMicros(noon * 1000), created_before: formatMicros((noon + hour) * 1000) };
  const { from = "", before = "" } = idBounds(range);
  const sql = postgres(inject("stack").dbUrl, { max: 1 });
  try {
    const tablesOf = async (question: string): Promise<string[]> => {
      const plan = await sql.unsafe(`explain (format json) ${question}`);
      return [
        ...new Set([...JSON.stringify(plan).matchAll(/"Relation Name":\s*"(\w+)"/g)].map(([, name = ""]) => name)),
      ];
    };
    const all = await tablesOf("select 1 from database_operations");
    const read = await tablesOf(
      `select 1 from database_operations where operation_id >= '${from}' and operation_id < '${before}'`,
    );
    expect(all.length).toBeGreaterThan(2);
    expect(read).toHaveLength(1);
    expect(read).not.toContain("database_operations_default");
  } finally {
    await sql.end({ timeout: 5 });
  }
});

test("read newest day first, a list has every id once, and later ids in the earlier part", () => {
  const id = fc.integer({ min: 0, max: 2 ** 48 - 1 }).map((ms) => createUuidV7(() => Math.max(1, ms))());
  const near = fc.integer({ min: -50 * hour, max: 50 * hour });
  const bound = fc.option(near, { nil: undefined });
  const now = Date.now();
  const at = (ms: number | undefined) => (ms === undefined ? undefined : createUuidV7(() => now + ms)());
  fc.assert(
    fc.property(
      bound,
      bound,
      bound,
      fc.oneof(
        id,
        near.map((ms) => createUuidV7(() => now + ms)()),
      ),
      (...given) => {
        const [from, before, cursor] = given.slice(0, 3).map((ms) => at(typeof ms === "number" ? ms : undefined));
        const one = given[3];
        const bounds = { ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) };
        const isIn = (part: { from?: string; before?: string }) =>
          one >= (part.from ?? "") && one < (part.before ?? "g") && (cursor === undefined || one < cursor);
        const parts = newestDayFirst(bounds, cursor, now);
        expect(parts.filter(isIn)).toHaveLength(isIn(bounds) ? 1 : 0);
        expect(parts[1]?.before ?? parts[0]?.from).toBe(parts[0]?.from);
      },
    ),
  );
});
