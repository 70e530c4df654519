import fc from "fast-check";
import { expect } from "vitest";
import type { TestProject } from "./project.ts";

/** A text that went into `public.words` and did not come out, or was not found by every kind of filter. */
export async function lostText(project: TestProject, numRuns: number): Promise<string | undefined> {
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
  const { counterexample } = await fc.check(
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
  return counterexample?.[0];
}
