import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedProject, startProject, type TestProject } from "../../testing/project.ts";

const schema = /* sql */ `
  create table public.notes (
    id uuid primary key default gen_random_uuid(),
    owner uuid default auth.uid(),
    seen_by text default current_user,
    body text not null
  );
  alter table public.notes enable row level security;
  create policy own on public.notes for all to authenticated
    using (owner = (select auth.uid())) with check (owner = (select auth.uid()));
  create policy open on public.notes for select to anon using (body = 'for everyone');
  insert into public.notes (owner, body) values (null, 'for everyone'), (null, 'for nobody');

  create function public.caller() returns text language sql stable as
    $$ select concat_ws(' ', current_user, auth.role(), auth.uid(), auth.jwt() ->> 'sub') $$;

  create function public.statement_timeout() returns text language sql stable as
    $$ select current_setting('statement_timeout') $$;

  create function public.hidden() returns int language sql as $$ select 1 $$;
  revoke execute on function public.hidden() from public, anon, authenticated;
  create table public.partly (id int primary key, shown text, hidden text);
  revoke all on public.partly from anon, authenticated;
  grant select (id, shown) on public.partly to anon;
  create table public.closed (id int primary key);
  revoke all on public.closed from anon, authenticated;
  insert into public.partly values (1, 'shown', 'hidden');`;

describe.each(["pglite", "native"] as const)("callers on %s", (engine) => {
  let project: TestProject;
  beforeAll(async () => {
    project = await sharedProject(schema, engine);
  });
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
  });

  test("a failing request in a crowd neither blocks nor rolls back the others", async () => {
    const run = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        project.service
          .from("notes")
          .insert({ body: index % 3 === 0 ? null : run })
          .select("id"),
      ),
    );
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(20);
    const { count } = await project.service.from("notes").select("*", { count: "exact", head: true }).eq("body", run);
    expect(count).toBe(40);
  });

  test("a caller who hangs up leaves the session to the next one", async () => {
    const calls = Array.from({ length: 30 }, async (_, index) => {
      const abort = new AbortController();
      const call = project.service.from("notes").select("body").abortSignal(abort.signal);
      if (index % 2 === 0) setTimeout(() => abort.abort(), index / 4);
      return call;
    });
    await Promise.all(calls);
    expect((await project.anonymous().rpc("caller")).data).toBe("anon anon");
  });

  test("no statement of a caller may run for more than a minute", async () => {
    for (const client of [project.anonymous(), project.service]) {
      expect((await client.rpc("statement_timeout")).data).toBe("1min");
    }
  });

  test("REVOKEs of a migration hold for tables, columns and functions", async () => {
    const anonymous = project.anonymous();
    await anonymous.from("notes").select("id");
    expect((await anonymous.rpc("hidden")).error?.code).toBe("42501");
    expect((await project.service.rpc("hidden")).data).toBe(1);
    expect((await anonymous.from("closed").select("*")).error?.code).toBe("42501");
    expect((await anonymous.from("partly").select("id, shown")).data).toEqual([{ id: 1, shown: "shown" }]);
    expect((await anonymous.from("partly").select("hidden")).error?.code).toBe("42501");
    expect((await anonymous.from("partly").select("id").eq("hidden", "hidden")).error?.code).toBe("42501");
  });
});

test.each(["pglite", "native"] as const)(
  "%s: row level security that comes after the first request applies to the next",
  async (engine) => {
    await using project = await startProject("create table public.early (id int primary key)", engine);
    expect((await project.anonymous().from("early").select("*")).error).toBeNull();
    const sql = postgres(project.stack.dbUrl, { max: 1, onnotice: () => {} });
    await sql`create table public.late (id int primary key)`;
    await sql`insert into public.late values (1)`;
    await sql`alter table public.late enable row level security`;
    await sql.end({ timeout: 5 });
    const readLate = async () => (await project.service.from("late").select("*")).data;
    await expect.poll(readLate, { timeout: 20_000 }).toEqual([{ id: 1 }]);
    expect((await project.anonymous().from("late").select("*")).data).toEqual([]);
  },
);
