import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, refusal, rolledBack, type Sql, type Transaction } from "./database.ts";

let sql: Sql & AsyncDisposable;
beforeAll(() => {
  sql = connect();
});
afterAll(() => sql[Symbol.asyncDispose]());

const fingerprint = (n: number): string => n.toString(16).padStart(64, "0");

async function keep(tx: Transaction, n: number, models: readonly object[] = []): Promise<void> {
  const migration = { fingerprint: fingerprint(n), models, plan: {}, planned_by: "somebody" };
  await tx`select public.keep_model_migration(${JSON.stringify(migration)}::text::jsonb)`;
}

const kept = async (tx: Transaction): Promise<string[]> => {
  const rows = await tx<{ fingerprint: string }[]>`
    select fingerprint from public.model_migrations where planned_by = 'somebody' order by fingerprint`;
  return rows.map((row) => row.fingerprint);
};

test("plans that nobody applied go after a week, and when 200 newer ones are there; others stay", async () => {
  await rolledBack(sql, async (tx) => {
    await tx`delete from public.model_migrations`;
    for (const n of [1, 2, 3]) await keep(tx, n);
    await tx`update public.model_migrations set planned_at = now() - interval '8 days' where fingerprint = ${fingerprint(1)}`;
    await tx`update public.model_migrations set planned_at = now() - interval '6 days' where fingerprint = ${fingerprint(2)}`;
    await tx`
      update public.model_migrations
      set planned_at = now() - interval '9 days', status = 'rolled back', changed_at = now(), changed_by = 'somebody'
      where fingerprint = ${fingerprint(3)}`;
    await keep(tx, 4);
    expect(await kept(tx)).toEqual([2, 3, 4].map(fingerprint));
    await tx`
      insert into public.model_migrations (fingerprint, models, plan, planned_by, planned_at)
      select lpad(to_hex(n), 64, '0'), '[]', '{}', 'somebody', now() - n * interval '1 second'
      from generate_series(101, 300) n`;
    await keep(tx, 5);
    // of the 202 the two oldest have made room for the last
    expect(await kept(tx)).toEqual([3, 4, 5, ...Array.from({ length: 198 }, (_, n) => 101 + n)].map(fingerprint));
  });
});

test("a plan is entered as made, or as taken back, while its models are at the versions that it says", async () => {
  const enter = (tx: Transaction, n: number, way: string) =>
    tx`select public.record_model_migration(${fingerprint(n)}, ${way}, 'somebody', '20260101000000')`;
  const version = async (tx: Transaction) =>
    (await tx`select applied_version from public.data_models where model_name = 'entered'`)[0]?.["applied_version"];
  const staged = (work: (tx: Transaction) => Promise<void>) =>
    rolledBack(sql, async (tx) => {
      await tx`
        insert into public.data_models (model_name, table_name, schema_version, fields, created_by)
        values ('entered', 'entered', '2.0.0', '{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}', 'somebody')`;
      await keep(tx, 1, [{ model_name: "entered", from: null, to: "1.0.0" }]);
      await keep(tx, 2, [{ model_name: "entered", from: "1.0.0", to: "2.0.0" }]);
      // from the table as it is
      await keep(tx, 3, [{ model_name: "entered", from: "1.0.0", to: "1.0.0" }]);
      await work(tx);
    });
  await staged(async (tx) => {
    await enter(tx, 1, "up");
    await enter(tx, 2, "up");
    expect(await version(tx)).toBe("2.0.0");
    await enter(tx, 2, "down");
    expect(await version(tx)).toBe("1.0.0");
    await enter(tx, 2, "up");
    expect(await version(tx)).toBe("2.0.0");
  });
  const refusedWays = ["2 up", "1 up,1 up", "1 down", "1 up,2 up,1 down", "1 up,1 down,1 down"];
  for (const ways of [...refusedWays, "1 up,3 down", "1 up,3 up,3 up"]) {
    const refused = staged(async (tx) => {
      for (const [n = "", way = ""] of ways.split(",").map((text) => text.split(" "))) await enter(tx, Number(n), way);
    });
    expect({ ways, ...(await refusal(refused)) }).toMatchObject({ ways, code: "WB423" });
  }
});
