import { catalogDifference, readCatalog } from "../migrations/catalog.ts";
import { actionsBetween, factsWith, readFacts, type Facts } from "../migrations/delta.ts";
import { inLiveRead, type LiveReadOptions } from "../migrations/live-read.ts";
import { MigrationError, messageOf, sqlstateOf } from "../migrations/migration-error.ts";
import { tableName } from "../migrations/names.ts";
import { inScratch, type ScratchDatabase, type SqlSession } from "../migrations/sql-session.ts";
import { isWaybillTable } from "../waybill-tables.ts";
import { ownerOf, tableFacts, tableFaults } from "./table-facts.ts";

export interface LiveSchemaOptions extends LiveReadOptions {
  /** An empty database, which is left as it was. */
  readonly scratch: ScratchDatabase;
  /** Names of tables in `public`. One that is not there adds nothing. */
  readonly tables: readonly string[];
}

export interface LiveSchema {
  /** Makes the tables as they are, in an empty database. */
  readonly sql: string;
  /** Those that it makes: the ones asked for that are there, and every one that these refer to. */
  readonly tables: readonly string[];
}

/**
 * Tables of the live database as declarative SQL, for a plan to start from. It was run on the scratch database when this
 * returns, and made what our own catalog says of the live tables.
 *
 * @throws MigrationError `CHANGE_UNSUPPORTED` for tables that need what no model's table has (the lines say what),
 *   `MIGRATION_BUSY`, `MIGRATION_TIMEOUT`, `DATABASE_UNREACHABLE`
 */
export async function liveSchemaOf({ scratch, tables: asked, ...live }: LiveSchemaOptions): Promise<LiveSchema> {
  // the live transaction ends before the work on the scratch database begins: others may wait for its connection
  const { found, owners, catalog } = await inLiveRead(live, async (session) => {
    const all = await readFacts(session);
    const found = tableFacts(all, asked);
    const owners = found.tables.map((name) => ownerOf(all, { kind: "table", schema: "public", name }));
    return { found, owners, catalog: await readCatalog(session, found.tables.map(quoted)) };
  });
  const { tables } = found;
  if (tables.length === 0) return { sql: "", tables };
  return inScratch(scratch, "Reading the tables as SQL", live.deadlineMs ?? 30_000, async (session) => {
    const base = await readFacts(session);
    const owner = await userOf(session);
    const faults = [
      ...tables.filter((name) => isWaybillTable(name)).map((name) => `public.${name} is a table of Waybill itself`),
      ...tables.flatMap((name, at) =>
        owners[at] === owner ? [] : [`public.${name} is owned by ${owners[at]}, and not by ${owner}`],
      ),
      ...tableFaults(found, base),
    ];
    if (faults.length > 0) throw unsupported(faults);
    const sql = await statementsFor(base, await factsWith(base, found.facts, found.edges), owner);
    try {
      await session.exec(sql);
    } catch (error) {
      if (error instanceof MigrationError) throw error;
      throw unsupported([messageOf(error)], error);
    }
    const difference = catalogDifference(await readCatalog(session, tables.map(quoted)), catalog);
    if (difference.length > 0) throw unsupported(difference);
    return { sql, tables };
  });
}

/** The role that a session works as. */
async function userOf(session: SqlSession): Promise<string> {
  const [row] = await session.query("select current_user::text as name");
  return String(row?.["name"]);
}

async function statementsFor(from: Facts, to: Facts, owner: string): Promise<string> {
  const actions = await actionsBetween(from, to, owner);
  return actions.map(({ sql }) => `${sql};\n`).join("\n");
}

function quoted(name: string): string {
  return tableName("public", name);
}

function unsupported(lines: readonly string[], cause?: unknown): MigrationError {
  const [first = "", ...more] = lines;
  return new MigrationError(
    "CHANGE_UNSUPPORTED",
    `No plan can start from these tables as they are: ${first}${more.length === 0 ? "." : `, and ${more.length} more.`}`,
    "Change these tables by migrations of your own, or take away first what the lines name.",
    { lines, sqlstate: sqlstateOf(cause), cause },
  );
}
