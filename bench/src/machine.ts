import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, totalmem, type } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/** Where and with what it was measured; nothing that names the machine's owner. */
export function machine(): readonly (readonly [what: string, value: string])[] {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  return [
    ["processor", `${model}, ${availableParallelism()} cores`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ["system", type()],
    ["Node", process.versions.node],
    ...["@supabase/supabase-js", "undici", "express", "@sentry/node"].map((name) => [name, versionOf(name)] as const),
  ];
}

const require = createRequire(import.meta.url);
const manifest = z.object({ name: z.string(), version: z.string() });

/** The nearest package.json above what the name resolves to. */
function versionOf(name: string): string {
  for (let folder = join(require.resolve(name), ".."); folder !== join(folder, ".."); folder = join(folder, "..")) {
    try {
      const found = manifest.safeParse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
      if (found.success && found.data.name === name) return found.data.version;
    } catch {
      // not here
    }
  }
  return "unknown";
}
