import { describe, expect, test } from "vitest";
import { connect, rolledBack, type Transaction } from "./database.ts";
import { expectedIndexes, questions } from "./expected-indexes.ts";
import { tables } from "./rows.ts";
import { fillSkewed, skewedRowCount } from "./skewed-rows.ts";

test("the indexes are these, with these columns, and no others", async () => {
  await using sql = connect();
  const there = await sql`
    select t.relname as table, i.relname as index, x.indisunique as unique,
      (select string_agg(pg_get_indexdef(x.indexrelid, k, true), ', ' order by k)
       from generate_series(1, x.indnkeyatts) k) as columns,
      pg_get_expr(x.indpred, x.indrelid) as predicate
    from pg_index x
    join pg_class t on t.oid = x.indrelid
    join pg_class i on i.oid = x.indexrelid
    where x.indrelid = any (${tables.map((table) => `public.${table}`)}::regclass[]) and x.indisvalid
    order by t.relname, i.relname`;
  expect(there.map((row) => ({ ...row }))).toEqual(
    expectedIndexes.map(([table, index, columns, unique, predicate]) => ({
      table,
      index,
      unique: unique === "unique",
      columns,
      predicate: predicate ?? null,
    })),
  );
});

test("every column that refers to another table begins an index", async () => {
  await using sql = connect();
  const bare = await sql`
    select conname from pg_constraint c
    where contype = 'f' and conrelid = any (${tables.map((table) => `public.${table}`)}::regclass[])
      and not exists (select from pg_index x where x.indrelid = c.conrelid and x.indkey[0] = c.conkey[1])`;
  expect(bare.map((row) => ({ ...row }))).toEqual([]);
});

describe(`on ${skewedRowCount} skewed rows a table, each index answers the question it is there for`, () => {
  test("every index has its question", () => {
    expect(questions.map(([index]) => index).sort()).toEqual(expectedIndexes.map(([, index]) => index).sort());
  });

  test("it, or one that begins with its columns, is in the plan", { timeout: 240_000 }, async () => {
    await using sql = connect();
    const used = await rolledBack(sql, async (tx) => {
      await fillSkewed(tx);
      const plans = [];
      for (const [index, question] of questions) plans.push([index, await indexesInPlan(tx, question)] as const);
      return plans;
    });
    const wrong = used.filter(([index, inPlan]) => !inPlan.some((name) => answersFor(index).includes(name)));
    expect(wrong).toEqual([]);
  });
});

/** The index itself, those that its columns begin, and a unique one that finds the single row already. */
function answersFor(index: string): readonly string[] {
  const [table, , columns] = expectedIndexes.find(([, name]) => name === index) ?? [];
  return expectedIndexes
    .filter(([otherTable, , otherColumns, unique]) => {
      if (otherTable !== table || columns === undefined) return false;
      return (
        `${otherColumns}, `.startsWith(`${columns}, `) ||
        (unique === "unique" && columns.startsWith(`${otherColumns}, `))
      );
    })
    .map(([, name]) => name);
}

/** A partition's index goes by the name of the table's own, which it is a part of. */
async function indexesInPlan(tx: Transaction, question: string): Promise<readonly string[]> {
  const rows = await tx.unsafe(`explain (format json) ${question}`);
  const names = [...JSON.stringify(rows).matchAll(/"Index Name":\s*"(\w+)"/g)].map(([, name]) => name ?? "");
  const whole = await tx<{ name: string }[]>`
    select coalesce(parent.relname, part.relname) as name
    from pg_class part
    left join pg_inherits i on i.inhrelid = part.oid
    left join pg_class parent on parent.oid = i.inhparent
    where part.relkind in ('i', 'I') and part.relname = any (${names})`;
  return whole.map(({ name }) => name);
}
