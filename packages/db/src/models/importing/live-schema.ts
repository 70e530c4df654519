import { catalogDifference, readCatalog, tablesIn } from "../migrations/catalog.ts";
import { actionsBetween, factsFrom, readFacts, type Facts } from "../migrations/delta.ts";
import { inLiveRead, type LiveReadOptions } from "../migrations/live-read.ts";
import { isRefusal, MigrationError, messageOf, sqlstateOf, stopped } from "../migrations/migration-error.ts";
import { tableName } from "../migrations/names.ts";
import { makeSchema } from "../migrations/plan-change.ts";
import { inScratch, takenBack, type ScratchDatabase, type SqlSession } from "../migrations/sql-session.ts";
import { isWaybillTable } from "../waybill-tables.ts";
import { ownerOf, tableFacts, tableFaults, withoutTables } from "./table-facts.ts";

export interface LiveSchemaOptions extends LiveReadOptions {
  /** An empty database, which is left as it was. */
  readonly scratch: ScratchDatabase;
  /** Names of tables in `public`. One that is not there adds nothing. */
  readonly tables: readonly string[];
  /** SQL of other tables that shall be there too; where it makes one of those, that one is as it is in the live database. */
  readonly besides?: string;
}

/** Of tables in `public`, those that are there. Quick, where `liveSchemaOf` reads the whole database. */
export function tablesThere({ tables, ...live }: LiveReadOptions & { readonly tables: readonly string[] }) {
  return inLiveRead(live, async (session): Promise<string[]> => {
    const rows = await session.query(
      `select c.relname as name from pg_class c join jsonb_array_elements_text($1::text::jsonb) as given (name)
        on given.name = c.relname
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
      [JSON.stringify(tables)],
    );
    return rows.map((row) => String(row["name"]));
  });
}

export interface LiveSchema {
  /** Makes the tables as they are, in an empty database, and those of `besides`. */
  readonly sql: string;
  /** Those that are as in the live database: the ones asked for that are there, and every other one that they refer to. */
  readonly tables: readonly string[];
}

/**
 * Tables of the live database as declarative SQL, for a plan to start from. It was run on the scratch database when this
 * returns, and made what our own catalog says of the live tables.
 *
 * @throws MigrationError `CHANGE_UNSUPPORTED` for tables that need what no model's table has (the lines say what),
 *   `SCHEMA_INVALID`, `MIGRATION_BUSY`, `MIGRATION_TIMEOUT`, `DATABASE_UNREACHABLE`
 */
export function liveSchemaOf({
  scratch,
  tables: asked,
  besides = "",
  ...live
}: LiveSchemaOptions): Promise<LiveSchema> {
  return inScratch(scratch, "Reading the tables as SQL", live.deadlineMs ?? 60_000, async (session) => {
    const base = await readFacts(session);
    const owner = await userOf(session);
    const made = await besideOf(session, besides, new Set(asked));
    // a transaction of its own and short, for others may wait for the connection
    const { found, owners, catalog } = await inLiveRead(live, async (reading) => {
      const all = await readFacts(reading);
      const found = tableFacts(all, asked, made.tables);
      const owners = found.tables.map((name) => ownerOf(all, { kind: "table", schema: "public", name }));
      return { found, owners, catalog: await readCatalog(reading, found.tables.map(quoted)) };
    });
    const { tables } = found;
    const faults = [
      ...tables.filter((name) => isWaybillTable(name)).map((name) => `public.${name} is a table of Waybill itself`),
      ...tables.flatMap((name, at) =>
        owners[at] === owner ? [] : [`public.${name} is owned by ${owners[at]}, and not by ${owner}`],
      ),
      ...tableFaults(found, await factsFrom(made.facts, made.edges), made.edges),
    ];
    if (faults.length > 0) throw unsupported(faults);
    const all = await factsFrom([...made.facts, ...found.facts], [...made.edges, ...found.edges]);
    const sql = await statementsFor(base, all, owner);
    try {
      await session.exec(sql);
    } catch (error) {
      if (!isRefusal(error)) throw stopped(error, "Making the tables on the scratch database");
      throw unsupported([messageOf(error)], error);
    }
    const now = await readCatalog(session, [...tables, ...made.tables].map(quoted));
    const difference = catalogDifference(now, [...catalog, ...made.catalog]);
    if (difference.length > 0) throw unsupported(difference);
    return { sql, tables };
  });
}

/** What other tables consist of that the SQL makes. */
async function besideOf(session: SqlSession, sql: string, asked: ReadonlySet<string>) {
  return takenBack(session, async () => {
    const system = new Set(await tablesIn(session));
    if (sql !== "") await makeSchema(session, "before", sql);
    const made = (await tablesIn(session)).filter((name) => !system.has(name));
    const names = made.flatMap((name) => /^"public"\."(.*)"$/.exec(name)?.[1]?.replaceAll('""', '"') ?? []);
    const tables = new Set(names.filter((name) => !asked.has(name)));
    const catalog = await readCatalog(session, [...tables].map(quoted));
    return { tables, catalog, ...withoutTables(await readFacts(session), asked) };
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

function unsupported(reasons: readonly string[], cause?: unknown): MigrationError {
  // a policy's condition has several
  const lines = reasons.map((line) => line.replaceAll(/\s+/g, " "));
  const [first = "", ...more] = lines;
  return new MigrationError(
    "CHANGE_UNSUPPORTED",
    `No plan can start from these tables as they are: ${first}${more.length === 0 ? "." : `, and ${more.length} more.`}`,
    "Change these tables by migrations of your own, or take away first what the lines name.",
    { lines, sqlstate: sqlstateOf(cause), cause },
  );
}
