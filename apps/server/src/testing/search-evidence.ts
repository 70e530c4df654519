import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readTables } from "./read-tables.ts";

const evidenceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("secret"), what: z.string(), text: z.string().min(1) }),
  z.object({ kind: z.literal("said"), where: z.string(), text: z.string() }),
]);
export type Said = { readonly where: string; readonly text: string };
export type Secrets = ReadonlyMap<string, string>;

/** Short of this, a secret would be found in what is none. */
const SHORTEST = 12;
const WORD = /[A-Za-z0-9_.+/=-]{12,}/g;
const JWT = /\beyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/;

/**
 * Where a secret stands, never the secret itself. Looks at each word of a text, and within longer ones at every place
 * where a secret could begin; an access token is known by its form.
 */
export function findSecrets(said: Iterable<Said>, secrets: Secrets): string[] {
  const byBeginning = Map.groupBy(
    [...secrets.keys()].filter((secret) => secret.length >= SHORTEST),
    (secret) => secret.slice(0, SHORTEST),
  );
  const found = new Set<string>();
  for (const { where, text } of said) {
    if (JWT.test(text)) found.add(`an access token in ${where}`);
    for (const [word] of text.matchAll(WORD)) {
      for (let at = 0; at + SHORTEST <= word.length; at += 1) {
        const likely = byBeginning.get(word.slice(at, at + SHORTEST)) ?? [];
        for (const secret of likely) {
          if (word.startsWith(secret, at)) found.add(`${secrets.get(secret) ?? "a secret"} in ${where}`);
        }
      }
    }
  }
  return [...found];
}

/** Throws when a secret of this run stands in a log, a journal, an answer, the metrics or a table. */
export async function searchEvidence(directory: string, dbUrl: string): Promise<void> {
  const evidence = globSync("*.ndjson", { cwd: directory }).flatMap((file) =>
    readFileSync(join(directory, file), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => evidenceSchema.parse(JSON.parse(line))),
  );
  const database = await readTables(dbUrl);
  const secrets = new Map(database.refreshTokens.map((token) => [token, "a refresh token"]));
  for (const one of evidence) if (one.kind === "secret") secrets.set(one.text, one.what);
  const said = [...evidence.filter((one) => one.kind === "said"), ...database.tables];
  const found = findSecrets(said, secrets);
  if (found.length > 0) throw new Error(`Secrets of this run stand where they must not: ${found.join("; ")}.`);
}
