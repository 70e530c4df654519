import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, insert, refusal, rolledBack, type Row, type Sql, type Transaction } from "./database.ts";
import { acceptedRows, refusedRows, refusedTwins } from "./refused-rows.ts";
import { tables, validRows, type TableName } from "./rows.ts";

let sql: Sql & AsyncDisposable;
beforeAll(() => {
  sql = connect();
});
afterAll(() => sql[Symbol.asyncDispose]());

/** Inserts the valid rows that come before `table`, then the changed one: alone in its table. */
async function insertChanged(tx: Transaction, table: TableName, change: Row): Promise<void> {
  for (const before of tables.slice(0, tables.indexOf(table))) await insert(tx, before, validRows[before]);
  await insert(tx, table, { ...validRows[table], ...change });
}

describe("each constraint refuses what breaks its rule, by its name", () => {
  const cases = refusedRows.flatMap(([table, constraint, changes]) =>
    changes.map((change) => ({
      table,
      constraint,
      change,
      name: `${constraint}: ${JSON.stringify(change).slice(0, 90)}`,
    })),
  );
  test.each(cases)("$name", async ({ table, constraint, change }) => {
    const answer = await refusal(rolledBack(sql, (tx) => insertChanged(tx, table, change)));
    expect(answer.constraint).toBe(constraint);
  });

  test.each(refusedTwins)("%s: a second row under %s", async (table, constraint, change) => {
    const answer = await refusal(
      rolledBack(sql, async (tx) => {
        await insertChanged(tx, table, {});
        await insert(tx, table, { ...validRows[table], ...change });
      }),
    );
    expect(answer.code).toBe("23505");
    // a unique index of a partitioned table is one of each partition: that of the row's own refuses it
    expect([constraint, constraint.replace(/_pkey$/, "_default_pkey")]).toContain(answer.constraint);
  });

  test("no constraint of these tables is without a case here", async () => {
    const known = new Set([...refusedRows, ...refusedTwins].map(([, constraint]) => constraint));
    const there = await sql<{ conname: string }[]>`
      select conname from pg_constraint
      where conrelid = any (${tables.map((table) => `public.${table}`)}::regclass[]) and contype <> 'n'`;
    expect(there.length).toBeGreaterThan(40);
    expect(there.map((row) => row.conname).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("what must be there is NOT NULL", () => {
  const nullable: Record<TableName, readonly string[]> = {
    supabase_clients: ["last_used"],
    authentication_contexts: ["ip_address", "user_agent", "permissions", "refresh_holder", "refresh_until"],
    data_models: ["relationships", "validation_rules", "indexes", "rls_policies", "applied_version"],
    data_model_versions: ["relationships", "validation_rules", "indexes", "rls_policies"],
    database_operations: [
      "query_data",
      "response_data",
      "error_message",
      "execution_time_ms",
      "completed_at",
      "user_id",
      "request_id",
      "session_id",
      "model_id",
      "schema_version",
    ],
  };
  test.each(tables)("%s", async (table) => {
    const required = Object.keys(validRows[table]).filter((column) => !nullable[table].includes(column));
    for (const column of required) {
      const answer = await refusal(rolledBack(sql, (tx) => insertChanged(tx, table, { [column]: null })));
      expect(answer).toMatchObject({ code: "23502", column });
    }
  });
});

describe("what a rule allows is taken", () => {
  test.each([...tables.map((table) => [table, {}] as const), ...acceptedRows])("%s %j", async (table, change) => {
    const count = await rolledBack(sql, async (tx) => {
      await insertChanged(tx, table, change);
      return await tx`select from ${tx(table)}`;
    });
    expect(count.length).toBe(1);
  });

  test("the columns of every table are those of the rows here", async () => {
    for (const table of tables) {
      const columns = await sql<{ column_name: string }[]>`
        select column_name from information_schema.columns where table_schema = 'public' and table_name = ${table}`;
      expect(columns.map((row) => row.column_name).sort()).toEqual(Object.keys(validRows[table]).sort());
    }
  });

  test("the table of a deprecated model may serve a new one", async () => {
    const count = await rolledBack(sql, async (tx) => {
      await insert(tx, "data_models", { ...validRows.data_models, is_active: false });
      await insert(tx, "data_models", { ...validRows.data_models, model_id: crypto.randomUUID(), model_name: "Next" });
      return await tx`select from data_models`;
    });
    expect(count.length).toBe(2);
  });

  test("every word that Postgres refuses as a table's name is refused for a model", async () => {
    const words = await sql<{ word: string }[]>`select word from pg_get_keywords() where catcode in ('R', 'T')`;
    expect(words.length).toBeGreaterThan(90);
    const [definition] = await sql<{ text: string }[]>`
      select pg_get_constraintdef(oid) as text from pg_constraint where conname = 'data_models_table_name_not_reserved'`;
    expect(words.map(({ word }) => word).filter((word) => !definition?.text.includes(`'${word}'`))).toEqual([]);
  });
});

describe("defaults", () => {
  test("a row of the fewest columns is whole", async () => {
    const rows = await rolledBack(sql, async (tx) => {
      const { client_id, supabase_url, supabase_key, client_type } = validRows.supabase_clients;
      await tx`insert into supabase_clients ${tx({ client_id, supabase_url, supabase_key, client_type })}`;
      const [client] = await tx`select * from supabase_clients`;
      const { user_id, access_token, refresh_token, token_hash } = validRows.authentication_contexts;
      await tx`insert into authentication_contexts (user_id, access_token, refresh_token, token_hash, expires_at)
        values (${user_id}, ${access_token}, ${refresh_token}, ${token_hash}, now() + interval '1 hour')`;
      const [session] = await tx`select * from authentication_contexts`;
      return { client, session };
    });
    expect(rows.client).toMatchObject({
      is_active: true,
      last_used: null,
      connection_status: "connected",
      error_count: 0,
      retry_count: 0,
    });
    expect(rows.session).toMatchObject({ token_type: "Bearer", is_active: true });
    expect(rows.session?.["last_activity"]).toEqual(rows.session?.["created_at"]);
  });
});
