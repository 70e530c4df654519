import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Engine } from "../engine.ts";
import { codeOf } from "../errors.ts";
import { loadKeys } from "../data-dir/keys.ts";
import { openEngine } from "../stack/open-engine.ts";
import { readProject } from "../project/project.ts";
import { writeReserve } from "./free-space.ts";
import { rawClient } from "../testing/raw-client.ts";

let engine: Engine;
let folder: string;
let free = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill socket "));
  const project = await readProject(folder);
  engine = await openEngine({ dataDir: folder, engine: "pglite" }, await loadKeys(folder), project, {
    // longer than a busy machine lets this process, client and server in one, stand still
    idleInTransactionMs: 3000,
    freeSpace: () => free,
  });
  await engine.exec("create table public.rows (id int primary key, text text)");
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const inTransaction = (): boolean => {
  const { driver } = engine.connection;
  return "isInTransaction" in driver && driver.isInTransaction();
};

const raw = (): ReturnType<typeof rawClient> => {
  const { port, password } = new URL(engine.dbUrl);
  return rawClient(Number(port), password);
};

function client(options: postgres.Options<Record<string, never>> = {}): postgres.Sql {
  const sql = postgres(engine.dbUrl, { max: 1, onnotice: () => {}, ...options });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

test("two clients' transactions never interleave, and neither does a request's", async () => {
  const [a, b] = [client(), client()];
  const seen: string[] = [];
  const write = (sql: postgres.Sql, name: string): Promise<unknown> =>
    sql.begin(async (transaction) => {
      for (const step of [1, 2, 3]) {
        await transaction`insert into rows values (${step + (name === "a" ? 0 : 10)}, ${name})`;
        seen.push(name);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  const request = async (): Promise<void> => {
    await engine.transaction(async ({ query }) => {
      for (const step of [1, 2, 3]) {
        await query("select $1::int", [step]);
        seen.push("r");
      }
    });
  };
  await Promise.all([write(a, "a"), write(b, "b"), request()]);
  expect(seen.join("")).toMatch(/^(aaa|bbb|rrr){3}$/);
  expect((await a`select count(*)::int as n from rows`)[0]).toEqual({ n: 6 });
});

test("while the disk is almost full clients read and do not write, and afterwards as before", async () => {
  const late = client();
  onTestFinished(() => void (free = Number.POSITIVE_INFINITY));
  free = writeReserve - 1;
  await late`set work_mem = '8MB'`;
  expect(await late`select 1 as n`).toEqual([{ n: 1 }]);
  await expect(late`insert into rows values (500, 'no room')`).rejects.toMatchObject({ code: "25006" });
  expect(engine.lowOnSpace()).toBe(true);
  free = writeReserve;
  await late`insert into rows values (500, 'room again')`;
  await late`delete from rows where id = 500`;
  expect(engine.lowOnSpace()).toBe(false);
});

test("a directory on a disk that is almost full is not opened", async () => {
  const project = await readProject(folder);
  const keys = await loadKeys(folder);
  const opened = openEngine({ dataDir: folder, engine: "pglite" }, keys, project, { freeSpace: () => 7 * 1024 * 1024 });
  await expect(opened).rejects.toMatchObject({
    code: "DATA_DIR_UNUSABLE",
    message: `${folder} cannot be opened: only 7 MiB of its disk are free, and Postgres needs 64 MiB to write. Free some space, or choose another data directory.`,
  });
});

test("a client that idles in a transaction is rolled back and cut off, and nobody waits for it for ever", async () => {
  const idle = await raw();
  expect(await idle.query("begin; insert into rows values (99, 'never committed')")).toBe("C C Z");
  expect((await client()`select count(*)::int as n from rows where id = 99`)[0]).toEqual({ n: 0 });
  expect(await idle.answer()).toBe("25P03 ended");
});

test("a client that leaves in the middle of a transaction is rolled back", async () => {
  const leaving = await raw();
  await leaving.query("begin; insert into rows values (98, 'never committed')");
  expect(inTransaction()).toBe(true);
  leaving.leave();
  expect((await client()`select count(*)::int as n from rows where id = 98`)[0]).toEqual({ n: 0 });
});

test("settings and prepared statements stay with their client, roles and temporary tables with nobody", async () => {
  const [a, b] = [client({ connection: { application_name: "client a" } }), client()];
  await a.unsafe("set search_path = pg_catalog; set role anon");
  expect((await b`select current_user as who, current_setting('search_path') as path`)[0]).toEqual({
    who: "postgres",
    path: '"$user", public, extensions',
  });
  expect(
    (
      await a`select current_user as who, current_setting('search_path') as path, current_setting('application_name') as app`
    )[0],
  ).toEqual({ who: "anon", path: "pg_catalog", app: "client a" });
  expect(await engine.query("select current_user as who")).toEqual([{ who: "postgres" }]);
  await a.unsafe("reset role; set session authorization anon");
  expect(await engine.query("select session_user as who")).toEqual([{ who: "postgres" }]);
  await a.unsafe("create temporary table rows (other int)");
  expect((await b`select count(*)::int as n from rows where id > 1000`)[0]).toEqual({ n: 0 });
  // The same name on both connections, as drivers choose it from the text of a statement.
  for (const [sql, value] of [
    [a, 1],
    [b, 2],
  ] as const) {
    await sql.unsafe(`prepare s${value} as select ${value}`);
    expect(await sql`select ${value}::int as value`).toEqual([{ value }]);
  }
});

test("an error ends its statement only, a second statement of one query included", async () => {
  const sql = client();
  await expect(sql`select * from nowhere`).rejects.toMatchObject({ code: "42P01" });
  await expect(sql.unsafe("select 1; select 1/0; select 2")).rejects.toMatchObject({ code: "22012" });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test("queries that a client sends without waiting get their own answers, whichever of them fail", async () => {
  const sql = client();
  await sql`insert into rows values (500, 'there already')`;
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      if (index % 4 > 0) return (await sql`select ${index}::int as value`)[0]?.["value"];
      return sql`insert into rows values (500, 'again')`.catch((error: unknown) => codeOf(error));
    }),
  );
  expect(answers).toEqual(answers.map((_, index) => (index % 4 > 0 ? index : "23505")));
});

test("COPY works in both directions, and one that hides its rows ends in an error instead of ending Postgres", async () => {
  const sql = client();
  await sql`create table copied (id int, text text)`;
  const writable = await sql`copy copied from stdin`.writable();
  writable.end("1\tone\n2\ttwo\n");
  await once(writable, "finish");
  const readable = await sql`copy copied to stdout`.readable();
  expect(Buffer.concat(await readable.toArray()).toString()).toBe("1\tone\n2\ttwo\n");
  const hiding = await raw();
  expect(await hiding.query("select 1; copy copied from stdin")).toBe("T D C G 57014 Z");
  expect(await sql`select count(*)::int as n from copied`).toEqual([{ n: 2 }]);
});

test("a wrong password, another user and bytes that are no protocol are turned away", async () => {
  for (const wrong of [{ password: "another" }, { username: "anon" }]) {
    await expect(client(wrong)`select 1`).rejects.toMatchObject({ code: "28P01" });
  }
  const stranger = connectSocket(Number(new URL(engine.dbUrl).port), "127.0.0.1");
  stranger.end("GET / HTTP/1.1\r\n\r\n");
  const [answer] = await once(stranger, "data");
  expect(String(answer)).toContain("08P01");
  // A client that asks for TLS first, as psql does, is told that there is none and goes on.
  expect(await client({ ssl: "prefer" })`select 1 as one`).toEqual([{ one: 1 }]);
});
