import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/asvs.md"), "utf8");

/** Of each section of ASVS 5.0.0 how many lines level 1 has, and how many more level 2: they come first, in this order. */
const sections: readonly string[] = [
  "1.1:0+2 1.2:5+4 1.3:2+9 1.4:0+3 1.5:1+1 2.1:1+2 2.2:2+1 2.3:1+3 2.4:0+1 3.2:2+0 3.3:1+3 3.4:2+4 3.5:3+2 3.7:0+2",
  "4.1:1+2 4.2:0+1 4.3:0+2 4.4:1+3 5.1:0+1 5.2:2+1 5.3:2+0 5.4:0+3 6.1:1+2 6.2:8+4 6.3:2+2 6.4:2+2 6.5:0+5 6.6:0+3",
  "6.8:0+4 7.1:0+3 7.2:4+0 7.3:0+2 7.4:2+3 7.5:0+2 7.6:0+2 8.1:1+1 8.2:2+1 8.3:1+0 8.4:0+1 9.1:3+0 9.2:1+3 10.1:0+2",
  "10.2:0+2 10.3:0+4 10.4:5+6 10.5:0+5 10.6:0+2 10.7:0+3 11.1:0+2 11.2:0+3 11.3:2+1 11.4:1+3 11.5:0+1 11.6:0+1",
  "12.1:1+2 12.2:2+0 12.3:0+4 13.1:0+1 13.2:0+5 13.3:0+2 13.4:1+4 14.1:0+2 14.2:1+3 14.3:1+2 15.1:1+2 15.2:1+2",
  "15.3:1+6 16.1:0+1 16.2:0+5 16.3:0+4 16.4:0+3 16.5:0+3 17.1:0+1 17.2:0+4 17.3:0+2",
];

/** Every line of levels 1 and 2, with its level. */
const wanted = sections.join(" ").split(" ").flatMap(linesOf);

function linesOf(section: string): string[] {
  const [, name, first, second] = /^([\d.]+):(\d+)\+(\d+)$/.exec(section) ?? [];
  const levels = [...Array<number>(Number(first)).fill(1), ...Array<number>(Number(second)).fill(2)];
  return levels.map((level, index) => `v5.0.0-${name}.${index + 1} level ${level}`);
}

const lines = page
  .split("\n")
  .filter((line) => /^\|(?! (?:id|-+) )/.test(line))
  .map((line) => {
    const [id = "", level = "", , verdict = "", how = "", guards = "", ...rest] = line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim());
    return { id, level, verdict, how, guards, rest };
  });
const named = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);

test("every line of levels 1 and 2 is there, once, well-formed and in its order", () => {
  expect(wanted.filter((line) => line.endsWith("1"))).toHaveLength(70);
  expect(wanted).toHaveLength(253);
  expect(lines.map(({ id, level }) => `${id} level ${level}`)).toEqual(wanted);
  expect(lines.filter(({ rest }) => rest.length > 0)).toEqual([]);
});

test("every line has one of the four verdicts, and says how or why", () => {
  const verdicts = ["met", "not applicable", "operator", "open"];
  expect(lines.filter(({ verdict }) => !verdicts.includes(verdict))).toEqual([]);
  expect(lines.filter(({ how }) => !/[A-Za-z]{2}/.test(how))).toEqual([]);
});

test("no line is open without a reason", () => {
  const isReason = (how: string): boolean => /(?:\S+ ){2}\S+/.test(how) && !how.includes("being built");
  expect(lines.filter(({ verdict, how }) => verdict === "open" && !isReason(how))).toEqual([]);
});

test("every line that is met names a test, or the source or document that it is met by, and no other does", () => {
  const place = /^(?:`[^`]+\.test\.ts`(?:: "[^"]+")?|(?:by construction|document): `[^`]+`(?:, `[^`]+`)*)$/;
  const areNamed = (guards: string): boolean =>
    guards.split(/; (?=`|by construction: |document: )/).every((text) => place.test(text));
  expect(lines.filter(({ verdict, guards }) => verdict === "met" && !areNamed(guards))).toEqual([]);
  expect(lines.filter(({ verdict, guards }) => verdict !== "met" && guards !== "")).toEqual([]);
});

test("every file that is named exists", () => {
  for (const { id, how, guards } of lines) {
    const paths = [...named(guards), ...named(how).filter((name) => /^[\w.-]+(?:\/[\w.-]+)+\.\w+$/.test(name))];
    for (const path of paths) expect(existsSync(join(root, path)), `${id}: ${path}`).toBe(true);
  }
});

test("every title that is quoted is that of a test in its file", () => {
  const quoted = lines.flatMap(({ id, guards }) =>
    [...guards.matchAll(/`([^`]+)`: "([^"]+)"/g)].map(([, path = "", title = ""]) => ({ id, path, title })),
  );
  expect(quoted.length).toBeGreaterThan(50);
  for (const { id, path, title } of quoted) {
    expect(readFileSync(join(root, path), "utf8").includes(`"${title}"`), `${id}: ${path} has no "${title}"`).toBe(
      true,
    );
  }
});
