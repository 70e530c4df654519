import { expect, test } from "vitest";
import { MigrationError } from "./migration-error.ts";
import { makeSchema } from "./plan-change.ts";
import { insertRows } from "./sample-rows.ts";
import type { SqlSession } from "./sql-session.ts";

/** A database that fails at everything but finding the table, as one whose process ends. */
function failing(error: Error): SqlSession {
  return {
    exec: async () => {
      throw error;
    },
    query: async () => [{ name: '"public"."stopped"' }],
  };
}
const column = { name: "id", type: "integer", notNull: true, hasDefault: false, generated: false, identity: "" };
const table = { schema: "public", name: "stopped", key: ["id"], constraints: [], uniqueIndexes: [] };
const shape = new Map([['"public"."stopped"', { ...table, columns: [{ ...column, sequence: null }] }]]);

const ways = {
  schema: { code: "SCHEMA_INVALID", run: (error: Error) => makeSchema(failing(error), "before", "create table") },
  rows: {
    code: "ROWS_DO_NOT_FIT",
    run: (error: Error) => insertRows(failing(error), shape, { "public.stopped": [{ id: 1 }] }),
  },
};

test.each(["schema", "rows"] as const)(
  "the %s are called wrong where Postgres says so, and not where it went away or was too slow",
  async (what) => {
    const { code, run } = ways[what];
    const wrong = Object.assign(new Error("value out of range"), { code: "22003" });
    await expect(run(wrong)).rejects.toMatchObject({ code });
    const gone = Object.assign(new Error("write CONNECTION_CLOSED"), { code: "CONNECTION_CLOSED" });
    await expect(run(gone)).rejects.toBe(gone);
    const late = Object.assign(new Error("canceling statement"), { code: "57014" });
    await expect(run(late)).rejects.toMatchObject({ code: "MIGRATION_TIMEOUT" });
    const own = new MigrationError("MIGRATION_TIMEOUT", "late", "late");
    await expect(run(own)).rejects.toBe(own);
  },
);
