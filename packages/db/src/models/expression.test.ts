import { describe, expect, it } from "vitest";
import { readExpression } from "./expression.ts";

const rules = { table: "routes", columns: ["origin", "count", "user_id", "Odd", "doc"] };
const policy = (text: string) => readExpression(text, { ...rules, for: "policy" });
const index = (text: string) => readExpression(text, { ...rules, for: "index" });

describe("readExpression", () => {
  it.each([
    ["true", "true"],
    ["count>0 AND origin = 'it''s'", "count > 0 AND origin = 'it''s'"],
    ["user_id = (select auth.uid())", "user_id = ((SELECT auth.uid()))"],
    ['"Odd" is not null -- why not', '"Odd" IS NOT NULL'],
    ["routes.count /* the number */ in (1, 2)", "routes.count IN (1, 2)"],
    ["E'a\\'b' = origin", "'a''b' = origin"],
    ["origin = 'a\\'", "origin = E'a\\\\'"],
    [
      "exists (select 1 from members m where m.id = user_id)",
      "EXISTS (SELECT 1 FROM public.members AS m WHERE m.id = user_id)",
    ],
    ["auth.jwt() ->> 'role' = 'x'", "(auth.jwt() ->> 'role') = 'x'"],
    ["public.is_admin(user_id)", "public.is_admin(user_id)"],
    ["doc @> '{\"a\": 1}'", "doc @> '{\"a\": 1}'"],
    [
      "count between 1 and 2 or not (count > 3 or count < 4)",
      "count BETWEEN 1 AND 2 OR NOT ((count > 3 OR count < 4))",
    ],
  ])("reads %s and writes it anew", async (text, sql) => expect(await policy(text)).toEqual({ sql }));

  it.each([
    ["true; drop table routes", "syntax"],
    ["true) from pg_authid where (true", "syntax"],
    ["true), (false", "syntax"],
    ["true, false", "syntax"],
    ["true) as x, (true", "syntax"],
    ["true) union select (true", "syntax"],
    ["true) into x where (true", "syntax"],
    ["*", "syntax"],
    ["", "syntax"],
    ["/* never closed", "syntax"],
    ["(".repeat(500), "syntax"],
    ["drop table routes", "syntax"],
    ["count = $1", "expression"],
    ["fare > 0", "column"],
    ["airports.count > 0", "column"],
    ["public.routes.count > 0", "column"],
    ["routes.* is null", "column"],
    ["pg_sleep(1) is null", "function"],
    ["pg_read_file('/etc/passwd') = ''", "function"],
    ["query_to_xml('drop table x', true, true, '') is null", "function"],
    ["set_config('role', 'postgres', true) = ''", "function"],
    ["current_setting('app.settings.jwt_secret') = 'x'", "function"],
    ["extensions.dblink_exec('x') = ''", "function"],
    ["lo_import('/etc/passwd') = 0", "function"],
    ["nextval('x') > 0", "function"],
    ["count(*) over () > 0", "function"],
    ["exists (select 1 from auth.users)", "table"],
    ["exists (select 1 from pg_catalog.pg_authid)", "table"],
    ["exists (select 1 from other.public.x)", "table"],
    ["exists (select 1 from supabase_clients)", "table"],
    ["exists (select 1 from public.authentication_contexts)", "table"],
    ["exists (select 1 from members for update)", "subquery"],
    ["exists (select 1 from a union select 1 from b)", "subquery"],
    ["exists (with x as (select 1) select 1 from x)", "subquery"],
    ["exists (select 1 from pg_ls_dir('.'))", "expression"],
    ["origin::regclass is null", "cast"],
    ["origin::public.mine is null", "cast"],
    ["origin operator(public.=) 'x'", "operator"],
    ["origin collate \"C\" < 'x'", "expression"],
    ["xmlparse(document origin) is document", "expression"],
  ])("refuses %s by the rule %s, and says what to do", async (text, rule) => {
    expect(await policy(text)).toEqual({ rule, message: expect.stringMatching(/^must /) });
  });

  it.each([
    ["user_id = auth.uid()", "function"],
    ["origin < now()::text", "function"],
    ["public.mine(origin)", "function"],
    ["origin = current_user", "row-only"],
    ["exists (select 1 from members)", "row-only"],
  ])("keeps an index to the row alone: %s", async (text, rule) => {
    expect(await index(text)).toMatchObject({ rule });
    expect(await index("count > 0 and lower(origin) like 'a%'")).toHaveProperty("sql");
  });
});
