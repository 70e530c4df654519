import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { advisoryLock } from "./advisory-lock.ts";
import type { Applied } from "./history.ts";
import type { MigrationPlan, Statement } from "./migration-plan.ts";
import { dollarQuote, plainName, quoteLiteral } from "./names.ts";

/** The rollback lies in a folder of its own: the CLI takes every `<digits>_<name>.sql` beside the migrations for one more. */
function pathsOf(folder: string, { version, name }: Applied): { up: string; down: string } {
  const file = `${version}_${name}.sql`;
  return { up: join(folder, file), down: join(folder, "rollbacks", file) };
}

/** Writes a migration and its rollback as the Supabase CLI reads them, each whole or not at all (mode 0644). */
export async function writeMigrationFiles(folder: string, applied: Applied, plan: MigrationPlan): Promise<string[]> {
  const { up, down } = pathsOf(folder, applied);
  await writeWhole(down, textOf(plan.down, `Takes back ${applied.version}_${applied.name}, plan ${plan.fingerprint}.`));
  await writeWhole(up, textOf(plan.up, `Plan ${plan.fingerprint}; the way back lies in rollbacks/.`));
  return [up, down];
}

/** A migration that was rolled back must not be applied anew by the next `db push`. */
export async function removeMigrationFiles(folder: string, applied: Applied): Promise<string[]> {
  const { up, down } = pathsOf(folder, applied);
  await rm(up, { force: true });
  await rm(down, { force: true });
  return [up, down];
}

/** One way of a plan to be run by hand, in one transaction with its entry in the registry of models. */
export function scriptOf({ fingerprint, ...plan }: MigrationPlan, way: "up" | "down", userId: string): string {
  const entry = `select public.record_model_migration(${[fingerprint, way, userId].map(quoteLiteral).join(", ")})`;
  const says = `Run this as the role that owns the tables. Plan ${fingerprint}, ${way}.`;
  const first = ["begin", "set local search_path = pg_catalog", `select ${advisoryLock}`];
  if (way === "down") first.push(...plan.keeps.up.map(refusePurged));
  return textOf(plan[way], says, { first, last: [entry, "commit"] });
}

function refusePurged({ sideTable }: MigrationPlan["keeps"]["up"][number]): string {
  const message = `What this change dropped is no longer in ${plainName(sideTable)}: it has been purged.`;
  return `do ${dollarQuote(`
begin
  if to_regclass(${quoteLiteral(sideTable)}) is null then
    raise exception using message = ${quoteLiteral(message)},
      hint = 'The way back would bring back no data: plan a change to the earlier version instead.';
  end if;
end `)}`;
}

function textOf(
  statements: readonly Statement[],
  says: string,
  { first, last }: { first: readonly string[]; last: readonly string[] } = { first: [], last: [] },
): string {
  const settings = ["set local timezone = 'UTC'", "set local row_security = off"];
  const work = [...settings, ...statements.map(({ sql }) => sql), "notify pgrst, 'reload schema'"];
  const parts = [...first, ...work, ...last];
  return `-- Written by Waybill. ${says}\n\n${parts.map((part) => `${part};\n`).join("\n")}`;
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const made = `${path}.${randomUUID()}`;
  try {
    const file = await open(made, "wx", 0o644);
    try {
      await file.writeFile(text);
      // whatever the umask took away
      await file.chmod(0o644);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(made, path);
  } finally {
    await rm(made, { force: true });
  }
}
