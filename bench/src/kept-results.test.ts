import { expect, it } from "vitest";
import { commentOf, figuresOf, type Kept, keep, keptIn, sectionsOf } from "./kept-results.ts";
import { verdicts } from "./report.ts";

const table = (title: string) => ({ title, rows: [["what"], ["it"]] });
const spread = { min: 1, median: 2, max: 3 };
const kept: Kept = {
  flush: { day: "2026-11-20", load: 0.2, cores: 2, tables: [table("Flush")], figures: [["flush-small", spread]] },
  ledger: {
    day: "2026-11-25",
    load: 9,
    cores: 2,
    tables: [table("Lists"), table("Drop")],
    figures: [["drop-day", spread]],
  },
};

it("shows each program's figures with the day that it ran, and what never ran as not measured", () => {
  const days = new Map(verdicts(figuresOf(kept)).rows.map((row) => [row[0], row.at(-1)]));
  expect(days.get("flush, small records")).toBe("2026-11-20");
  expect(days.get("dropping a day of 500,000 records")).toBe("2026-11-25");
  expect(days.get("RSS growth, target down 5 min")).toBe("");
});

it("says of each table when it was measured and whether the machine was busy, in the order of the programs", () => {
  const sections = sectionsOf(kept, ["ledger", "calls", "flush"]);
  expect(sections.map((section) => section.table.title)).toEqual(["Lists", "Drop", "Flush"]);
  expect(sections.map(({ measured }) => [measured.includes("2026-11-25"), measured.includes("busy")])).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ]);
});

it("keeps what was found under today", () => {
  const found = keep({ tables: [table("T")], figures: new Map([["rollups" as const, spread]]) }, 1, 2);
  expect(found).toMatchObject({ day: new Date().toISOString().slice(0, 10), figures: [["rollups", spread]] });
});

it("finds on the page what was kept there, whatever stands in it", () => {
  const odd: Kept = { ...kept, odd: { day: "2026-11-20", load: 0, cores: 2, tables: [table("a --> b")], figures: [] } };
  const page = `# Page\n\n${commentOf(odd)}`;
  expect(keptIn(page)).toEqual(odd);
  expect(page.match(/-->/g)).toHaveLength(1);
  expect(keptIn("# Page\n")).toEqual({});
});
