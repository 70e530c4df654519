import { expect, test } from "vitest";
import { connect, insert, type Row, rolledBack, type Transaction } from "./database.ts";
import { ids, validRows } from "./rows.ts";

const session = (change: Row): Row => ({ ...validRows.authentication_contexts, ...change });

/** Adds a session that ended so many days ago, with so many operations. */
async function addEnded(tx: Transaction, daysAgo: number, operations: number): Promise<void> {
  await insert(tx, "supabase_clients", validRows.supabase_clients);
  const ended = new Date(Date.now() - daysAgo * 86_400_000).toISOString();
  await insert(tx, "authentication_contexts", session({ expires_at: ended, created_at: "2020-01-01T00:00:00Z" }));
  await tx`
    insert into database_operations
      (operation_id, client_id, operation_type, table_name, status, created_at, completed_at, execution_time_ms, session_id)
    select
      ('0193f2a4-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ${ids.client}, 'read', 'airports', 'success',
      '2026-11-22T10:00:00Z', '2026-11-22T10:00:01Z', 1000, ${ids.session}
    from generate_series(1, ${operations}) n`;
}

async function removed(tx: Transaction, sessionDays: number, operationDays: number): Promise<unknown> {
  const [row] = await tx`select remove_operations_of_ended_sessions(${sessionDays}, ${operationDays}) as removed`;
  return row?.["removed"];
}

test("removing records of ended sessions takes 10,000 at most a call, and ends", async () => {
  await using sql = connect();
  const counts = await rolledBack(sql, async (tx) => {
    await addEnded(tx, 3, 10_001);
    return [await removed(tx, 2, 30), await removed(tx, 2, 30), await removed(tx, 2, 30)];
  });
  expect(counts).toEqual([10_000, 1, 0]);
});

test("removing records of ended sessions looks at none whose records are gone by their own age", async () => {
  await using sql = connect();
  const counts = await rolledBack(sql, async (tx) => {
    await addEnded(tx, 12, 3);
    return [await removed(tx, 2, 10), await removed(tx, 13, 30), await removed(tx, 2, 30)];
  });
  expect(counts).toEqual([0, 0, 3]);
});

test.each([
  [-1, 30],
  [3651, 30],
  [1, 0],
  [1, 3651],
])("removing records of ended sessions by %d and %d days is refused", async (sessionDays, operationDays) => {
  await using sql = connect();
  await expect(rolledBack(sql, (tx) => removed(tx, sessionDays, operationDays))).rejects.toThrow(/_days must be/);
});
