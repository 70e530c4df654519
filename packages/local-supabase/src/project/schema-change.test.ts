import postgres from "postgres";
import { expect, inject, onTestFinished, test } from "vitest";
import { eventually } from "../testing/processes.ts";
import { requestsTo } from "../testing/requests.ts";

test.each(["pglite", "native"] as const)("%s: a table made by dbUrl is soon in the Data API", async (engine) => {
  const stack = inject(engine);
  const request = requestsTo(stack);
  const sql = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  expect((await request("/rest/v1/later")).status).toBe(404);
  await sql`create table public.later (id int primary key)`;
  await eventually(async () => (await request("/rest/v1/later")).status === 200, "the new table was served");
  await sql`alter table public.later add column text text`;
  await eventually(async () => {
    const json = { id: Math.floor(Math.random() * 1e9), text: "new" };
    return (await request("/rest/v1/later", { method: "POST", json })).status === 201;
  }, "the new column was written");
  await sql`drop table public.later`;
  await eventually(async () => (await request("/rest/v1/later")).status === 404, "the dropped table was gone");
});
