import type { Sql, TransactionSql } from "postgres";

/** Whose request it is: the role and the claims of its key or token. */
export interface Caller {
  readonly role: "service_role" | "authenticated";
  readonly sub?: string;
}

/**
 * A `fetch` that answers what the stores ask the Data API for by the statements that PostgREST sends to the database, in
 * a transaction under the caller's role: what is measured is the database, not the embedded Data API, which takes
 * several milliseconds itself. It knows what the stores ask for, and throws on anything else.
 *
 * @param onTime is told the milliseconds of each transaction
 */
export function dataApi(sql: Sql, { role, sub = "" }: Caller, onTime: (ms: number) => void): typeof fetch {
  const claims = JSON.stringify({ role, sub });
  return async (input, init) => {
    const request = new Request(input, init);
    const statement = await statementOf(request);
    const begun = performance.now();
    const body = await sql.begin(async (tx) => {
      await tx`select set_config('role', ${role}, true), set_config('request.jwt.claims', ${claims}, true),
        set_config('request.jwt.claim.sub', ${sub}, true), set_config('search_path', 'public, extensions', true)`;
      return await bodyOf(tx, statement);
    });
    onTime(performance.now() - begun);
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
}

interface Statement {
  readonly text: string;
  readonly values: readonly string[];
}

async function bodyOf(tx: TransactionSql, { text, values }: Statement): Promise<string> {
  // prepared, as PostgREST does it
  const [row] = await tx.unsafe<{ body: string }[]>(text, [...values], { prepare: true });
  return row?.body ?? "null";
}

const name = (given: string): string => {
  if (!/^[a-z_]+$/.test(given)) throw new Error(`${given} is no name that a statement is made of here`);
  return `"${given}"`;
};

async function statementOf(request: Request): Promise<Statement> {
  const { pathname, searchParams } = new URL(request.url);
  const [called] = /(?<=\/rest\/v1\/rpc\/)\w+$/.exec(pathname) ?? [];
  if (called !== undefined && request.method === "POST") return callOf(called, await request.text());
  const [table] = /(?<=\/rest\/v1\/)\w+$/.exec(pathname) ?? [];
  if (table === undefined || request.method !== "GET")
    throw new Error(`${request.method} ${pathname} is not known here`);
  return listOf(table, searchParams);
}

const operators = new Map([
  ["eq", "="],
  ["lt", "<"],
  ["gte", ">="],
]);

function listOf(table: string, search: URLSearchParams): Statement {
  const values: string[] = [];
  const conditions: string[] = [];
  let columns = "*";
  let order = "";
  let limit = "";
  for (const [key, value] of search) {
    const dot = value.indexOf(".");
    const [word, rest] = [value.slice(0, dot), value.slice(dot + 1)];
    if (key === "select") columns = value.split(",").map(name).join(", ");
    else if (key === "order") order = ` order by ${name(word)} ${name(rest).slice(1, -1)}`;
    // a parameter too, so that no plan for all values is ever taken for the cheaper one
    else if (key === "limit") limit = ` limit $${values.push(value)} offset $${values.push("0")}`;
    else if (word === "in") conditions.push(`${name(key)} = any ($${values.push(`{${rest.slice(1, -1)}}`)})`);
    else conditions.push(`${name(key)} ${operatorOf(word)} $${values.push(rest)}`);
  }
  const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  return { text: asPostgrest(`select ${columns} from "public".${name(table)}${where}${order}${limit}`), values };
}

function operatorOf(word: string): string {
  const operator = operators.get(word);
  if (operator === undefined) throw new Error(`${word} is not known here`);
  return operator;
}

function callOf(called: string, json: string): Statement {
  const given: unknown = JSON.parse(json);
  if (typeof given !== "object" || given === null) throw new Error(`${called} is called with an object`);
  const keys = Object.keys(given).filter((key) => key !== "parts");
  const parameters = keys.map(
    (key) => `${name(key)} => (g.value ->> '${key}')::${key.endsWith("_time") ? "timestamptz" : "text"}`,
  );
  const parts = `"parts" => array(select jsonb_array_elements_text(g.value -> 'parts'))`;
  const call = `select "public".${name(called)}(${[...parameters, parts].join(", ")}) as value from (select $1::text::jsonb as value) g`;
  return { text: `select s.value::text as body from (${call}) s`, values: [json] };
}

/** The frame that PostgREST puts around what it reads. */
function asPostgrest(source: string): string {
  return `with pgrst_source as (${source})
    select null::bigint as total_result_set, pg_catalog.count(t) as page_total,
      coalesce(json_agg(t), '[]')::text as body
    from (select * from pgrst_source) t`;
}
