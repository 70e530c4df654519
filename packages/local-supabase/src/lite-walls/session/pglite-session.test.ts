import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { loadKeys } from "../../data-dir/keys.ts";
import { readProject } from "../../project/project.ts";
import { openEngine } from "../../stack/open-engine.ts";
import { pgliteSessionDialect } from "./pglite-session.ts";
import { SessionLock } from "./lock.ts";

interface Tables {
  things: { id: number };
}

const folder = await mkdtemp(join(tmpdir(), "waybill session "));
const project = await readProject(folder);
const engine = await openEngine({ dataDir: folder, engine: "pglite" }, await loadKeys(folder), project);
const pglite = engine.connection.driver;
if (!("isInTransaction" in pglite)) throw new Error("this is not PGlite");
const lock = new SessionLock({ waitMs: 2_000 });
const patient = new Kysely<Tables>({ dialect: pgliteSessionDialect(pglite, { lock, holdMs: 60_000 }) });
const hasty = new Kysely<Tables>({ dialect: pgliteSessionDialect(pglite, { lock, holdMs: 50 }) });

beforeAll(async () => {
  await pglite.exec("create table things (id int primary key)");
});
beforeEach(async () => {
  await pglite.exec("delete from things");
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const ids = async (): Promise<number[]> =>
  (await patient.selectFrom("things").select("id").orderBy("id").execute()).map(({ id }) => id);

test("two transactions at once do not see into each other", async () => {
  const counts = await Promise.all(
    [1, 2].map((id) =>
      patient.transaction().execute(async (transaction) => {
        await transaction.insertInto("things").values({ id }).execute();
        await new Promise((resolve) => setTimeout(resolve, 5));
        return (await transaction.selectFrom("things").select("id").execute()).length;
      }),
    ),
  );
  expect(counts).toEqual([1, 2]);
});

test("a failed statement rolls its transaction back and frees the session", async () => {
  const failing = patient.transaction().execute(async (transaction) => {
    await transaction.insertInto("things").values({ id: 1 }).execute();
    await sql`select 1 / 0`.execute(transaction);
  });
  await expect(failing).rejects.toMatchObject({ code: "22012" });
  expect(await ids()).toEqual([]);
});

test("a transaction that is held too long is rolled back, and the next caller served", async () => {
  const stuck = hasty.transaction().execute(async (transaction) => {
    await transaction.insertInto("things").values({ id: 1 }).execute();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await transaction.insertInto("things").values({ id: 2 }).execute();
  });
  const next = patient.insertInto("things").values({ id: 3 }).execute();
  await expect(stuck).rejects.toMatchObject({ code: "25P03" });
  await next;
  expect(await ids()).toEqual([3]);
});

test("a statement that leaves a transaction open takes nobody into it", async () => {
  await sql`begin`.execute(patient);
  expect(pglite.isInTransaction()).toBe(false);
  await patient.insertInto("things").values({ id: 1 }).execute();
  expect(await ids()).toEqual([1]);
});
