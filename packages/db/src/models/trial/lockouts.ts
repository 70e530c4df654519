import type { DataModelCreate, ErrorIssue, JsonObject } from "@waybill/contracts";
import { quoteIdentifier } from "@waybill/contracts";
import { z } from "zod";
import type { CompiledModel } from "../compile-model.ts";
import type { SqlSession } from "../migrations/sql-session.ts";
import { shapeOf } from "../model-shape.ts";
import { policiesOf } from "../policies.ts";
import { authorRows } from "./author-rows.ts";
import { authorTrialSql } from "./author-trial.ts";

const countsSchema = z.object({
  /** Rows that the table takes at all. */
  tried: z.int(),
  inserted: z.int(),
  seen: z.int(),
  updated: z.int(),
  deleted: z.int(),
});

/**
 * What the author of a row cannot do with it, though a policy speaks of it: rows are written on the table just made, as
 * `authenticated` with the author's id. What is known of no author in general is not judged: policies that read other
 * tables, call functions of the project, or ask for more than the id.
 */
export async function lockouts(
  session: SqlSession,
  compiled: CompiledModel,
  model: DataModelCreate,
  author: string,
): Promise<ErrorIssue[]> {
  const { policies } = policiesOf(shapeOf(model));
  const own = policies.filter(({ policy }) =>
    policy.roles.some((role) => role === "authenticated" || role === "public"),
  );
  if (policies.length === 0) return [];
  if (own.length === 0) {
    const message =
      "must name authenticated in a policy, or nobody who is signed in reaches the table, its author neither";
    return [{ field: "rls_policies", rule: "lockout", message }];
  }
  const isPreset = model.rls_policies !== null && "preset" in model.rls_policies;
  if (await asksForMore(session, compiled.table, isPreset)) return [];
  const written = compiled.link.filter((sql) => sql.startsWith("create policy"));
  const rows = authorRows(model, written, author);
  const fieldOf = (command: string) =>
    own.find(({ policy }) => policy.command === command || policy.command === "all")?.field;
  const { tried, inserted, seen, updated, deleted } = await countsOf(session, compiled, model, {
    rows,
    author,
    mayInsert: fieldOf("insert") !== undefined,
  });
  if (tried === 0) return [];
  const say = (command: string, message: string): ErrorIssue[] => {
    const field = fieldOf(command);
    return field === undefined ? [] : [{ field, rule: "lockout", message }];
  };
  const ofThem = `${inserted > 0 ? inserted : tried} sample rows ${inserted > 0 ? "that it inserted" : "of its own"}`;
  if (fieldOf("insert") !== undefined && inserted === 0) {
    return say("insert", `must let an author insert a row: of ${tried} sample rows, many with its own id, none passed`);
  }
  if (seen === 0) return say("select", `must let an author see its row: it sees none of ${ofThem}`);
  return [
    ...(updated === 0 ? say("update", `must let an author update its row: it can update none of ${ofThem}`) : []),
    ...(deleted === 0 ? say("delete", `must let an author delete its row: it can delete none of ${ofThem}`) : []),
  ];
}

/** A preset asks for the tenant, which the author here has. */
async function asksForMore(session: SqlSession, table: string, isPreset: boolean): Promise<boolean> {
  if (isPreset) return false;
  const [row] = await session.query(
    `select exists (
      select from pg_catalog.pg_policy p
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
      left join pg_catalog.pg_proc f on d.refclassid = 'pg_catalog.pg_proc'::regclass and f.oid = d.refobjid
      where p.polrelid = $1::text::regclass and (
        (d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> p.polrelid)
        or (f.oid is not null and f.oid not in (to_regprocedure('auth.uid()'), to_regprocedure('auth.role()')))
      )
    ) as more`,
    [table],
  );
  return row?.["more"] === true;
}

interface Asked {
  readonly rows: readonly JsonObject[];
  readonly author: string;
  readonly mayInsert: boolean;
}

async function countsOf(
  session: SqlSession,
  { table }: CompiledModel,
  model: DataModelCreate,
  { rows, author, mayInsert }: Asked,
): Promise<z.output<typeof countsSchema>> {
  const claims = { sub: author, role: "authenticated", aud: "authenticated", app_metadata: { tenant_id: author } };
  const [key = ""] = shapeOf(model).key;
  await session.exec(authorTrialSql);
  // rows of other tables are not asked for: foreign keys sleep
  await session.exec("set local session_replication_role = replica");
  await session.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(claims)]);
  const [answer] = await session.query(
    "select public.waybill_author_trial($1, $2, $3::text::jsonb, $4::text::boolean)::text as counts",
    [table, quoteIdentifier(key), JSON.stringify(rows), String(mayInsert)],
  );
  return countsSchema.parse(JSON.parse(String(answer?.["counts"])));
}
