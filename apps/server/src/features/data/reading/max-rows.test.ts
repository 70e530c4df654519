import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openBehind } from "../../../testing/behind.ts";
import { openSql } from "../../../testing/sql.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

const stack = inject("stack");
/** A table of this test's own: other tests share the stack. */
const model = "cut_off";

/** The real Supabase behind one that cuts every answer off at `maxRows`, as a project with this setting does. */
async function openCutting(maxRows: number) {
  let reads = 0;
  const behind = await openBehind(stack, ({ method, url }) => {
    if (method !== "GET" || !url.pathname.startsWith("/rest/v1/")) return undefined;
    if (url.pathname === `/rest/v1/${model}`) reads += 1;
    url.searchParams.set("limit", String(Math.min(maxRows, Number(url.searchParams.get("limit") ?? maxRows))));
    return undefined;
  });
  return { ...behind, reads: () => reads };
}

describe("a project whose max_rows is below a page", () => {
  let cutting: Awaited<ReturnType<typeof openCutting>>;
  let stage: Stage;
  let ada: Person;

  beforeAll(async () => {
    cutting = await openCutting(10);
    stage = await openStage({ stack: { ...stack, url: cutting.url }, env: { WAYBILL_ALLOW_HTTP_LOOPBACK: "1" } });
    const admin = await stage.newAdmin();
    ada = await stage.newUser();
    const sql = openSql(stack.dbUrl);
    await sql.unsafe(`
      create table public.${model} (id integer primary key, kind text not null);
      alter table public.${model} enable row level security;
      create policy everybody on public.${model} to authenticated using (true);
      grant select on public.${model} to authenticated;
      insert into public.${model} select n, case when n <= 25 then 'many' when n <= 35 then 'ten' else 'four' end
        from generate_series(1, 39) as n;
      notify pgrst, 'reload schema'`);
    await sql.end();
    await admin.api.models.create.mutate({
      model_name: model,
      table_name: model,
      schema_version: "1.0.0",
      fields: { type: "object", properties: { id: { type: "integer" }, kind: { type: "string" } } },
    });
  });
  afterAll(async () => {
    for (const opened of [stage, cutting]) await opened[Symbol.asyncDispose]();
  });

  const walk = async (kind: string, limit: number): Promise<{ rows: number; pages: number }> => {
    const filters = [{ column: "kind", op: "eq" as const, value: kind }];
    const seen = new Set<unknown>();
    let pages = 0;
    let cursor: string | null | undefined;
    do {
      const page = await ada.api.data.list.query({
        model,
        columns: ["id"],
        filters,
        limit,
        ...(cursor ? { cursor } : {}),
      });
      for (const { id } of page.rows) seen.add(id);
      cursor = page.next_cursor;
      pages += 1;
    } while (cursor !== null);
    return { rows: seen.size, pages };
  };

  it("loses no row: the page that was cut has a next one, and a page that ends there by chance has none", async () => {
    expect(await walk("many", 1000)).toEqual({ rows: 25, pages: 3 });
    expect(await walk("many", 10)).toEqual({ rows: 25, pages: 3 });
    expect(await walk("ten", 1000)).toEqual({ rows: 10, pages: 1 });
  });

  it("asks no second time where a longer answer has shown that the page cannot have been cut", async () => {
    const before = cutting.reads();
    expect(await walk("four", 1000)).toEqual({ rows: 4, pages: 1 });
    expect(cutting.reads() - before).toBe(1);
  });

  it("ends no list of records early, and fills its pages", async () => {
    const request = `cut-${randomUUID()}`;
    const api = stage.client(ada.sessionToken, { "x-request-id": request });
    for (let call = 0; call < 25; call += 1) await api.data.list.query({ model, limit: 1 });
    await stage.services.waybill.flush();
    const first = await ada.api.operations.list.query({ request_id: request, table_name: model, limit: 12 });
    const cursor = first.next_cursor ?? "";
    const rest = await ada.api.operations.list.query({ request_id: request, table_name: model, limit: 50, cursor });
    expect([first.rows.length, rest.rows.length, rest.next_cursor]).toEqual([12, 13, null]);
  });
});
