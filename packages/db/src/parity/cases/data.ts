import { items, TABLE, type ParityCase, type World } from "../parity-case.ts";

const parts = (world: World) => world.admin.from(`${TABLE}_parts`);
const fresh = { id: 9, name: "cherry", price: 4 };

/** What begins a request of the Data API. */
export const queryCases: readonly ParityCase[] = [
  ["select", (w) => items(w).select().order("id")],
  ["select columns, renamed and cast", (w) => items(w).select("key:id, price::text, extra->size").order("id")],
  ["select with an embedded table", (w) => items(w).select("id, parity_items_parts(id, part)").order("id")],
  ["select with the other side embedded", (w) => parts(w).select("id, parity_items(name)").order("id")],
  ["select count exact", (w) => items(w).select("id", { count: "exact" }).order("id").limit(1)],
  ["select count planned", (w) => items(w).select("id", { count: "planned" }).eq("id", 1)],
  ["select count estimated", (w) => items(w).select("id", { count: "estimated" }).order("id")],
  ["select head", (w) => items(w).select("*", { head: true })],
  ["select head and count", (w) => items(w).select("*", { head: true, count: "exact" })],
  ["select head of no table", (w) => w.admin.from("no_such_table").select("*", { head: true })],
  ["select of no table", (w) => w.admin.from("no_such_table").select(), "refused"],
  ["select of no column", (w) => items(w).select("no_such_column"), "refused"],
  ["select that a policy empties", (w) => w.user.from("airports").select(), "refused"],
  ["insert", (w) => items(w).insert(fresh)],
  ["insert giving the row", (w) => items(w).insert(fresh).select()],
  ["insert giving one", (w) => items(w).insert(fresh).select("id, name").single()],
  ["insert many, counted", (w) => items(w).insert([fresh, { id: 10, name: "d" }], { count: "exact" })],
  [
    "insert with defaults",
    (w) =>
      items(w)
        .insert([fresh, { id: 10, name: "d" }], { defaultToNull: false })
        .select(),
  ],
  ["insert of nothing", (w) => items(w).insert([])],
  ["insert of a key that is there", (w) => items(w).insert({ id: 1, name: "again" }), "refused"],
  ["insert of no column", (w) => items(w).insert({ no_such_column: 1 }), "refused"],
  ["insert against a check", (w) => items(w).insert({ ...fresh, price: -1 }), "refused"],
  ["insert of a wrong type", (w) => items(w).insert({ ...fresh, price: "dear" }), "refused"],
  [
    "insert of text beyond ASCII",
    (w) =>
      items(w)
        .insert({ ...fresh, note: "Zürich 東京 🧾" })
        .select()
        .single(),
  ],
  ["upsert", (w) => items(w).upsert({ id: 1, name: "apricot" }).select()],
  [
    "upsert on a column",
    (w) => items(w).upsert({ id: 1, name: "apple", note: "n" }, { onConflict: "name" }).select("name"),
  ],
  ["upsert ignoring", (w) => items(w).upsert({ id: 1, name: "x" }, { ignoreDuplicates: true }).select()],
  ["upsert many, counted", (w) => items(w).upsert([{ id: 1, name: "x" }, fresh], { count: "exact" })],
  ["update", (w) => items(w).update({ note: "new" }).eq("id", 1)],
  ["update giving rows", (w) => items(w).update({ note: "new" }).gt("id", 1).select("id, note").order("id")],
  ["update counted", (w) => items(w).update({ note: "new" }, { count: "exact" }).gt("id", 1)],
  ["update of none", (w) => items(w).update({ note: "new" }).eq("id", 99).select()],
  ["delete", (w) => items(w).delete().eq("id", 3)],
  ["delete giving rows", (w) => items(w).delete().eq("id", 3).select()],
  ["delete counted", (w) => items(w).delete({ count: "exact" }).gt("id", 2)],
  ["delete of what is referred to", (w) => items(w).delete().eq("id", 1), "refused"],
];

/** What changes a request, or how its answer is read. */
export const builderCases: readonly ParityCase[] = [
  ["select after a change", (w) => items(w).update({ note: "n" }).eq("id", 1).select("note")],
  ["order", (w) => items(w).select().order("price", { ascending: false, nullsFirst: false }).order("id")],
  [
    "order of an embedded table",
    (w) =>
      items(w)
        .select("id, parity_items_parts(id)")
        .order("id")
        .order("id", { referencedTable: "parity_items_parts", ascending: false }),
  ],
  ["limit", (w) => items(w).select().order("id").limit(2)],
  ["range", (w) => items(w).select("*", { count: "exact" }).order("id").range(1, 2)],
  ["range beyond the end", (w) => items(w).select("*", { count: "exact" }).order("id").range(50, 60), "refused"],
  ["abortSignal unused", (w) => items(w).select("id").order("id").abortSignal(new AbortController().signal)],
  ["abortSignal aborted before", (w) => items(w).select().abortSignal(AbortSignal.abort()), "refused"],
  [
    "abortSignal with a reason",
    (w) =>
      items(w)
        .select()
        .abortSignal(AbortSignal.abort(new Error("enough"))),
    "refused",
  ],
  [
    "abortSignal aborted while waiting",
    (w) => aborting((signal) => w.admin.rpc("parity_wait").abortSignal(signal)),
    "refused",
  ],
  ["abortSignal of a write, aborted", (w) => items(w).insert(fresh).abortSignal(AbortSignal.abort()), "refused"],
  ["abortSignal timed out", (w) => w.admin.rpc("parity_wait").abortSignal(AbortSignal.timeout(50)), "refused"],
  ["single", (w) => items(w).select().eq("id", 1).single()],
  ["single of none", (w) => items(w).select().eq("id", 99).single(), "refused"],
  ["single of many", (w) => items(w).select().single(), "refused"],
  ["maybeSingle", (w) => items(w).select().eq("id", 1).maybeSingle()],
  ["maybeSingle of none", (w) => items(w).select().eq("id", 99).maybeSingle()],
  ["maybeSingle of many", (w) => items(w).select().maybeSingle(), "refused"],
  ["csv", (w) => items(w).select("id, name").order("id").csv()],
  ["geojson", (w) => items(w).select().geojson(), "refused"],
  ["explain", (w) => items(w).select().eq("id", 1).explain(), "refused"],
  ["explain as JSON", (w) => items(w).select().explain({ format: "json", verbose: true }), "refused"],
  ["rollback", (w) => items(w).insert(fresh).select().rollback()],
  [
    "maxAffected kept",
    async (w) => {
      // chained, it would want a `Database` that names PostgREST 13
      const query = items(w).update({ note: "n" }).eq("id", 1).select("id");
      query.maxAffected(1);
      return await query;
    },
  ],
  [
    "maxAffected passed",
    async (w) => {
      // chained, it would want a `Database` that names PostgREST 13
      const query = items(w).update({ note: "n" }).gt("id", 0).select("id");
      query.maxAffected(1);
      return await query;
    },
    "refused",
  ],
  ["stripNulls", (w) => items(w).select("id, note").order("id").stripNulls()],
  ["setHeader", (w) => items(w).select("id").order("id").limit(1).setHeader("Prefer", "count=exact")],
  ["retry", (w) => items(w).select("id").eq("id", 1).retry(false)],
  ["returns", (w) => items(w).select("id").eq("id", 1).returns<{ id: number }[]>()],
  ["overrideTypes", (w) => items(w).select("id").eq("id", 1).overrideTypes<{ id: number }[]>()],
  ["throwOnError without one", (w) => items(w).select("id").eq("id", 1).throwOnError()],
  ["throwOnError with one", (w) => w.admin.from("no_such_table").select().throwOnError(), "refused"],
  ["throwOnError when aborted", (w) => items(w).select().abortSignal(AbortSignal.abort()).throwOnError(), "refused"],
  [
    "then",
    async (w) =>
      await items(w)
        .select("id")
        .eq("id", 1)
        .then(({ data, status }) => ({ data, status, error: null })),
  ],
];

/** What stands above one table. */
export const clientCases: readonly ParityCase[] = [
  ["from", (w) => w.user.from(TABLE).select(), "refused"],
  ["schema", (w) => w.admin.schema("public").from(TABLE).select("id").order("id")],
  ["schema that is not exposed", (w) => w.admin.schema("no_such_schema").from("things").select(), "refused"],
  ["schema of a function", (w) => w.admin.schema("public").rpc("parity_add", { a: 1, b: 2 })],
  ["rpc", (w) => w.admin.rpc("parity_add", { a: 1, b: 2 })],
  ["rpc get", (w) => w.admin.rpc("parity_add", { a: 1, b: 2 }, { get: true })],
  ["rpc head", (w) => w.admin.rpc("parity_add", { a: 1, b: 2 }, { head: true })],
  ["rpc head counted", (w) => w.admin.rpc("parity_rows", {}, { head: true, count: "exact" }), "refused"],
  ["rpc counted", (w) => w.admin.rpc("parity_rows", {}, { count: "exact" }).limit(1)],
  ["rpc filtered", (w) => w.admin.rpc("parity_rows").select("id, name").gt("id", 1).order("id")],
  ["rpc single", (w) => w.admin.rpc("parity_rows").eq("id", 1).single()],
  ["rpc of nothing", (w) => w.admin.rpc("parity_nothing")],
  ["rpc that raises", (w) => w.admin.rpc("parity_raise"), "refused"],
  ["rpc that is not there", (w) => w.admin.rpc("no_such_function", { a: 1 }), "refused"],
  ["getOpenApiSpec", (w) => w.admin.getOpenApiSpec()],
];

export const functionCases: readonly ParityCase[] = [
  ["invoke with JSON", (w) => w.user.functions.invoke("no-such-function", { body: { a: 1 } }), "refused"],
  ["invoke with GET", (w) => w.user.functions.invoke("no-such-function", { method: "GET" }), "refused"],
  ["invoke with bytes", (w) => w.user.functions.invoke("no-such-function", { body: new Blob(["x"]) }), "refused"],
  ["invoke aborted", (w) => w.user.functions.invoke("f", { signal: AbortSignal.abort() }), "refused"],
  ["invoke with a time limit", (w) => w.user.functions.invoke("no-such-function", { timeout: 5000 }), "refused"],
];

async function aborting(call: (signal: AbortSignal) => PromiseLike<unknown>): Promise<unknown> {
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(), 50);
  return await call(leaving.signal);
}
