import fc from "fast-check";
import { expect } from "vitest";
import type { TestProject } from "./test-project.ts";

/** Any text that goes into `public.words` comes out, and is found by every kind of filter. */
export async function textComesBack(project: TestProject, numRuns: number): Promise<void> {
  const awkward = fc.constantFrom(
    '"',
    "\\",
    ",",
    ".",
    "(",
    ")",
    "{",
    "}",
    "*",
    "%",
    " ",
    ":",
    "&",
    "=",
    "null",
    "true",
    "1",
  );
  const piece = fc.oneof(fc.string({ unit: "grapheme", maxLength: 3 }), awkward);
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("").replaceAll("\0", ""));
  const table = () => project.service.from("words");
  await fc.assert(
    fc.asyncProperty(text, async (word) => {
      const { data: row } = await table().insert({ word }).select("id, word").single();
      expect(row?.word).toBe(word);
      const quoted = `"${word.replace(/["\\]/g, "\\$&")}"`;
      const answers = await Promise.all([
        table().select("id").eq("id", row?.id).eq("word", word),
        table().select("id").eq("id", row?.id).gte("word", word).lte("word", word),
        table().select("id").eq("id", row?.id).filter("word", "in", `(${quoted})`),
        table().select("id").or(`and(id.eq.${row?.id},word.eq.${quoted}),id.eq.-1`),
        table().select("id").eq("id", row?.id).not("word", "in", `("no such word")`).not("word", "neq", word),
      ]);
      expect(answers.map(({ data, error }) => error?.message ?? data)).toEqual(answers.map(() => [{ id: row?.id }]));
    }),
    { numRuns, seed: 20_261_122 },
  );
}
