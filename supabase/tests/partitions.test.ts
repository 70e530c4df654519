import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createClient } from "@supabase/supabase-js";
import { connect, insert, refusal, rolledBack, type Sql, type Transaction } from "./database.ts";
import { ids, validRows } from "./rows.ts";

let sql: Sql & AsyncDisposable;
beforeAll(() => {
  sql = connect();
});
afterAll(() => sql[Symbol.asyncDispose]());

const dayMs = 86_400_000;
const roles = ["anon", "authenticated", "service_role"] as const;

/** A UUIDv7 of a moment. */
function idAt(ms: number, last = "000000000001"): string {
  const time = Math.floor(ms).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${last}`;
}

const startOfDay = (offset: number): number => Math.floor(Date.now() / dayMs) * dayMs + offset * dayMs;
const nameOf = (ms: number): string =>
  `database_operations_${new Date(ms).toISOString().slice(0, 10).replaceAll("-", "")}`;

async function give(tx: Transaction, ...operationIds: string[]): Promise<void> {
  await insert(tx, "supabase_clients", validRows.supabase_clients);
  const nobody = { session_id: null, model_id: null };
  for (const operation_id of operationIds) {
    await insert(tx, "database_operations", { ...validRows.database_operations, ...nobody, operation_id });
  }
}

async function maintain(tx: Transaction, days: number): Promise<Record<string, unknown>> {
  const [row] = await tx<{ outcome: Record<string, unknown> }[]>`select maintain_operations(${days}) as outcome`;
  return row?.outcome ?? {};
}

async function partitionOf(tx: Transaction, id: string): Promise<string | undefined> {
  const [row] = await tx<{ name: string }[]>`
    select tableoid::regclass::text as name from database_operations where operation_id = ${id}`;
  return row?.name;
}

const nothing = { made: 0, dropped: 0, moved: 0, purged: 0, more: false, postponed: false };

describe("the days", () => {
  test("today's and the seven to come are there, and a record goes to its day's", async () => {
    const found = await rolledBack(sql, async (tx) => {
      const moments = [0, 1, 7].map((day) => startOfDay(day) + 1);
      await give(tx, ...moments.map((ms) => idAt(ms)));
      return [await Promise.all(moments.map((ms) => partitionOf(tx, idAt(ms)))), await maintain(tx, 30)];
    });
    expect(found).toEqual([[0, 1, 7].map((day) => `waybill.${nameOf(startOfDay(day))}`), nothing]);
  });

  test("an id outside of all of them is kept by the default one", async () => {
    const far = [idAt(startOfDay(-400)), idAt(startOfDay(4000)), crypto.randomUUID()];
    const found = await rolledBack(sql, async (tx) => {
      await give(tx, ...far);
      return await Promise.all(far.map((id) => partitionOf(tx, id)));
    });
    expect(found).toEqual(far.map(() => "waybill.database_operations_default"));
  });

  test("a missing day is made, and takes along what came in the meantime", async () => {
    const missing = startOfDay(3);
    const id = idAt(missing + 5);
    const found = await rolledBack(sql, async (tx) => {
      await tx.unsafe(`drop table waybill.${nameOf(missing)}`);
      await tx.unsafe(`drop table waybill.${nameOf(startOfDay(5))}`);
      await give(tx, id);
      const before = await partitionOf(tx, id);
      return [before, await maintain(tx, 30), await partitionOf(tx, id), await maintain(tx, 30)];
    });
    expect(found).toEqual([
      "waybill.database_operations_default",
      { ...nothing, made: 2, moved: 1 },
      `waybill.${nameOf(missing)}`,
      nothing,
    ]);
  });

  test("one that is past retention goes whole, one a call; one that is not stays", async () => {
    const [old, older, young] = [startOfDay(-40), startOfDay(-41), startOfDay(-29)];
    const operations = [old, older, young].map((ms) => idAt(ms + 1));
    const found = await rolledBack(sql, async (tx) => {
      for (const ms of [old, older, young]) await tx`select waybill.make_day(${new Date(ms)})`;
      await give(tx, ...operations);
      const answers = [await maintain(tx, 30), await maintain(tx, 30), await maintain(tx, 30)];
      const left = await tx<{ id: string }[]>`select operation_id as id from database_operations`;
      return { answers, left: left.map(({ id }) => id), last: await tx`select outcome from waybill.job_runs` };
    });
    expect(found.answers).toEqual([{ ...nothing, dropped: 1, more: true }, { ...nothing, dropped: 1 }, nothing]);
    expect(found.left).toEqual([operations[2]]);
    expect(found.last).toMatchObject([{ outcome: { ...nothing, retention_days: 30 } }]);
  });

  test("what is past retention goes from the default one too", async () => {
    const found = await rolledBack(sql, async (tx) => {
      await give(tx, idAt(startOfDay(-40)), idAt(startOfDay(400)));
      return [await maintain(tx, 30), (await tx`select from database_operations`).length];
    });
    expect(found).toEqual([{ ...nothing, purged: 1 }, 1]);
  });

  test.each([0, 3651, null])("a retention of %s days is refused", async (days) => {
    expect(await refusal(rolledBack(sql, (tx) => tx`select maintain_operations(${days})`))).toMatchObject({
      code: "22023",
    });
  });

  test("a lock that somebody holds postpones the work, and stops nobody for long", async () => {
    await using other = connect();
    const answer = await rolledBack(other, async (held) => {
      await held`lock table supabase_clients in row exclusive mode`;
      return await rolledBack(sql, async (tx) => {
        await tx.unsafe(`drop table waybill.${nameOf(startOfDay(6))}`);
        return await maintain(tx, 30);
      });
    });
    expect(answer).toEqual({ ...nothing, postponed: true });
  });

  test("two at once: the second does nothing", async () => {
    await using other = connect();
    const answer = await rolledBack(other, async (held) => {
      await maintain(held, 30);
      return await rolledBack(sql, (tx) => maintain(tx, 30));
    });
    expect(answer).toEqual({ ...nothing, postponed: true });
  });

  test("a plan between two ids reads the days between them", async () => {
    const [from, before] = [1, 3].map((day) => idAt(startOfDay(day)).replace(/7000-8000-.*/, "0000-0000-000000000000"));
    const plan = await sql`
      explain select * from database_operations where operation_id >= ${from ?? ""} and operation_id < ${before ?? ""}`;
    const scanned = [...JSON.stringify(plan).matchAll(/Scan [^"]*?on (database_operations_\w+)/g)].map(
      ([, name]) => name,
    );
    expect(new Set(scanned)).toEqual(new Set([1, 2].map((day) => nameOf(startOfDay(day)))));
  });
});

describe("no API role reaches a partition around the policies of the table", () => {
  const partition = nameOf(startOfDay(0));

  test.each(roles)("%s, by SQL", async (role) => {
    const names = await sql<{ name: string }[]>`
      select c.relname as name from pg_class c
      where c.relnamespace = 'waybill'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')`;
    expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining([partition, "database_operations_default"]));
    for (const { name } of names) {
      const answer = refusal(
        rolledBack(sql, async (tx) => {
          await tx.unsafe(`set local role ${role}`);
          await tx.unsafe(`select from waybill.${name}`);
        }),
      );
      expect(await answer).toMatchObject({ code: "42501" });
    }
    const granted = await sql`
      select c.relname, a.privilege_type from pg_class c, aclexplode(c.relacl) a
      where c.relnamespace = 'waybill'::regnamespace and a.grantee <> c.relowner`;
    expect(granted.map((row) => ({ ...row }))).toEqual([]);
    const callable = await sql`
      select p.oid::regprocedure::text as function from pg_proc p
      where p.pronamespace = 'waybill'::regnamespace and has_function_privilege(${role}, p.oid, 'execute')`;
    expect(callable.map((row) => ({ ...row }))).toEqual([]);
  });

  test("nor one that was made just now, and it has row level security of its own", async () => {
    const found = await rolledBack(sql, async (tx) => {
      await tx`select waybill.make_day(${new Date(startOfDay(20))})`;
      return await tx`
        select c.relrowsecurity as secured, c.relname,
          (select count(*)::int from aclexplode(c.relacl) a where a.grantee <> c.relowner) as grants
        from pg_class c where c.oid = ${`waybill.${nameOf(startOfDay(20))}`}::regclass`;
    });
    expect(found.map((row) => ({ ...row }))).toEqual([{ secured: true, relname: nameOf(startOfDay(20)), grants: 0 }]);
  });

  test.each(["publishableKey", "secretKey"] as const)("by the Data API, with the %s", async (key) => {
    const stack = inject("stack");
    const client = createClient(stack.url, stack[key], { auth: { persistSession: false }, db: { retry: false } });
    for (const name of [partition, "database_operations_default", "operation_minutes"]) {
      const answers = [await client.schema("waybill").from(name).select(), await client.from(name).select()];
      expect(answers.map(({ data, error }) => [data, error !== null])).toEqual(answers.map(() => [null, true]));
    }
  });
});

test("removing a client, a session or a model reaches into every day", async () => {
  const operations = [idAt(startOfDay(0)), idAt(startOfDay(2)), idAt(startOfDay(-400))];
  const left = await rolledBack(sql, async (tx) => {
    await insert(tx, "supabase_clients", validRows.supabase_clients);
    await insert(tx, "authentication_contexts", validRows.authentication_contexts);
    await insert(tx, "data_models", validRows.data_models);
    for (const operation_id of operations) {
      await insert(tx, "database_operations", { ...validRows.database_operations, operation_id });
    }
    await tx`delete from data_models`;
    const versions = await tx`select model_id, schema_version from database_operations`;
    await tx`update database_operations set session_id = null where operation_id = ${operations[0] ?? ""}`;
    await tx`delete from authentication_contexts where session_id = ${ids.session}`;
    const afterSession = (await tx`select from database_operations`).length;
    await tx`delete from supabase_clients where client_id = ${ids.client}`;
    return { versions: [...versions], afterSession, end: (await tx`select from database_operations`).length };
  });
  const kept = { model_id: null, schema_version: "1.0.0" };
  expect(left).toEqual({ versions: [kept, kept, kept], afterSession: 1, end: 0 });
});
