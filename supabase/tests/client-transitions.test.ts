import { supabaseClientPhase } from "@waybill/contracts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anon, service, signUp } from "./clients.ts";
import { connect, insert, refusal, rolledBack, type Row, type Sql, type Transaction } from "./database.ts";
import { ids, validRows } from "./rows.ts";

let sql: Sql & AsyncDisposable;
beforeAll(() => {
  sql = connect();
});
afterAll(() => sql[Symbol.asyncDispose]());

const client = validRows.supabase_clients;
const states = [
  { connection_status: "connected", is_active: true, error_count: 0, retry_count: 0 },
  { connection_status: "error", is_active: true, error_count: 3, retry_count: 1 },
  { connection_status: "disconnected", is_active: false, error_count: 10, retry_count: 5 },
  { connection_status: "disconnected", is_active: false, error_count: 0, retry_count: 1 },
  { connection_status: "disconnected", is_active: false, error_count: 0, retry_count: 0 },
] as const;

const change = (tx: Transaction, row: Row) =>
  tx`update supabase_clients set ${tx(row)} where client_id = ${ids.client}`;
const history = async (tx: Transaction) => {
  const rows = await tx`
    select from_phase, to_phase from supabase_client_transitions where client_id = ${ids.client} order by transition_id`;
  return rows.map(({ from_phase, to_phase }) => [from_phase, to_phase]);
};

describe("each change of a client's phase", () => {
  test.each(states.flatMap((from) => states.map((to) => ({ from, to }))))(
    "is kept: $from to $to",
    async ({ from, to }) => {
      await rolledBack(sql, async (tx) => {
        await insert(tx, "supabase_clients", { ...client, ...from });
        await change(tx, to);
        const [was, is] = [from, to].map((state) => supabaseClientPhase({ ...state, last_used: null }));
        expect(await history(tx)).toEqual(
          was === is
            ? [[null, was]]
            : [
                [null, was],
                [was, is],
              ],
        );
      });
    },
  );

  test("is kept alone: use and counters are no change", async () => {
    await rolledBack(sql, async (tx) => {
      await insert(tx, "supabase_clients", { ...client, ...states[1] });
      await change(tx, { error_count: 5, last_used: "2026-11-22T11:00:00Z" });
      await change(tx, { supabase_url: "https://other.supabase.co" });
      expect(await history(tx)).toEqual([[null, "failing"]]);
    });
  });

  test("is kept also where the counters alone tell it", async () => {
    for (const counter of ["error_count", "retry_count"] as const) {
      await rolledBack(sql, async (tx) => {
        await insert(tx, "supabase_clients", { ...client, ...states[4], [counter]: 1 });
        await change(tx, { [counter]: 0 });
        expect(await history(tx)).toEqual([
          [null, "disconnected"],
          ["disconnected", "deactivated"],
        ]);
      });
    }
  });

  test("is kept for the last hundred, of each client by itself", async () => {
    await rolledBack(sql, async (tx) => {
      await insert(tx, "supabase_clients", client);
      await insert(tx, "supabase_clients", { ...client, client_id: "other/anon" });
      for (let round = 0; round < 60; round += 1) {
        for (const state of [states[1], states[0]]) {
          await tx`update supabase_clients set ${tx(round < 30 ? state : states[0])} where client_id = 'other/anon'`;
          await change(tx, state);
        }
      }
      const kept = await history(tx);
      expect([kept.length, kept.at(-1)]).toEqual([100, ["failing", "connected"]]);
      const others = await tx`select from supabase_client_transitions where client_id = 'other/anon'`;
      expect(others.length).toBe(61);
    });
  });

  test("goes with its client", async () => {
    await rolledBack(sql, async (tx) => {
      await insert(tx, "supabase_clients", client);
      await tx`delete from supabase_clients where client_id = ${ids.client}`;
      expect(await history(tx)).toEqual([]);
    });
  });
});

test.each([
  ["supabase_client_transitions_from_phase_known", { from_phase: "away", to_phase: "failing" }],
  ["supabase_client_transitions_to_phase_known", { from_phase: "failing", to_phase: "away" }],
  ["supabase_client_transitions_phase_changes", { from_phase: "failing", to_phase: "failing" }],
  ["supabase_client_transitions_client_id_fkey", { client_id: "none/anon", to_phase: "failing" }],
])("%s refuses what breaks it", async (constraint, row) => {
  const answer = await refusal(
    rolledBack(sql, async (tx) => {
      await insert(tx, "supabase_clients", client);
      const given = { client_id: ids.client, ...row };
      await tx`insert into supabase_client_transitions ${tx(given)}`;
    }),
  );
  expect(answer.constraint).toBe(constraint);
});

test("history is read by service_role alone, and written by nobody", async () => {
  const user = await signUp();
  for (const reader of [anon(), user.client]) {
    expect((await reader.from("supabase_client_transitions").select()).error?.code).toBe("42501");
  }
  const admin = service();
  expect((await admin.from("supabase_client_transitions").select().limit(1)).error).toBeNull();
  const forged = await admin.from("supabase_client_transitions").insert({ client_id: "x/anon", to_phase: "failing" });
  expect(forged.error?.code).toBe("42501");
});
