import { filterOperators } from "@waybill/contracts";
import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../testing/refusal.ts";
import { openSql, type Sql } from "../testing/sql.ts";
import type { Person } from "../testing/stage.ts";
import { stackOn } from "../testing/stack-on.ts";
import { openWorld, type World } from "./world.ts";

// Bea knows the values of Ada's row and tries to have them confirmed, changed or counted, through Waybill and past it.
describe.each(["pglite", "native"] as const)("on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let world: World;
  let sql: Sql;
  let bea: Person;
  /** With her own access token, at the Data API. */
  let direct: SupabaseClient;
  let id: string;
  const secret = "where the treasure is";
  const slug = "treasure";

  beforeAll(async () => {
    const stack = await stackOn(engine, opened);
    world = opened.use(await openWorld(stack));
    sql = openSql(stack.dbUrl);
    opened.defer(() => sql.end());
    bea = await world.stage.newUser();
    const { waybill } = world.stage.services;
    const { data } = await waybill.anon().auth.signInWithPassword({ email: bea.email, password: bea.password });
    direct = waybill.forUser(data.session?.access_token ?? "");
    await world.note();
    ({ id } = await world.note());
    const changes = { body: secret, slug };
    await world.ada.api.data.update.mutate({ model: world.model, key: { id }, changes });
    await sql.unsafe(`
      create table public.${world.model}_tags (tag text primary key, note_id uuid references public.${world.model} (id));
      grant select, insert on public.${world.model}_tags to authenticated;
      insert into public.${world.model}_tags values ('x', '${id}');
      create function public.count_${world.model}() returns bigint language sql set search_path = ''
        as 'select count(*) from public.${world.model}';
      notify pgrst, 'reload schema';
    `);
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  const rowOfAda = async () => (await sql`select * from public.${sql(world.model)} where id = ${id}`)[0];
  const seen = (found: unknown): void => {
    for (const mark of [secret, world.ada.userId, id]) expect(JSON.stringify(found)).not.toContain(mark);
  };

  const operands: Readonly<
    Record<Exclude<(typeof filterOperators)[number], "contains" | "search">, string | string[] | null>
  > = {
    eq: slug,
    neq: "x",
    gt: "a",
    gte: slug,
    lt: "z",
    lte: slug,
    like: "trea%",
    ilike: "TREA%",
    in: [slug],
    is: null,
  };
  // a note has no column with parts, nor one of words: those are asked in where.test.ts and search.test.ts
  it.each(filterOperators.filter((op) => op !== "contains" && op !== "search"))(
    "no filter by %s finds another's row",
    async (op) => {
      const filters = [{ column: "slug", op, value: operands[op] }];
      // there is something to find
      expect((await world.ada.api.data.list.query({ model: world.model, filters })).rows).not.toEqual([]);
      expect((await bea.api.data.list.query({ model: world.model, filters })).rows).toEqual([]);
    },
  );

  it.each(["id", "body", "slug", "owner_id"])(
    "no order by %s, and no cursor of the owner's, shows it",
    async (column) => {
      const order = [{ column, direction: "asc" as const }];
      expect((await bea.api.data.list.query({ model: world.model, order })).rows).toEqual([]);
      const page = { model: world.model, order, limit: 1 };
      await world.note();
      const { next_cursor } = await world.ada.api.data.list.query(page);
      expect(next_cursor).not.toBeNull();
      const answer = await bea.api.data.list.query({ ...page, cursor: next_cursor ?? "" });
      expect(answer).toEqual({ rows: [], next_cursor: null });
    },
  );

  it("no operator of the Data API, no count and no embedding shows it", async () => {
    const notes = () => direct.from(world.model).select("*", { count: "exact" });
    const tries = [
      notes().or(`slug.eq.${slug},body.like.*treasure*`),
      notes().not("slug", "is", null),
      notes().match({ slug }),
      notes().in("id", [id]),
      notes().textSearch("body", "treasure"),
      notes().likeAnyOf("slug", ["trea%"]),
      notes().order("body").range(0, 9),
      direct.from(world.model).select("id", { count: "exact", head: true }),
      direct.rpc(`count_${world.model}`),
    ];
    for (const { data, count, error } of await Promise.all(tries)) {
      expect(error).toBeNull();
      expect(data ?? []).toEqual(count === null ? 0 : []);
      expect(count ?? 0).toBe(0);
    }
    const tags = await direct.from(`${world.model}_tags`).select(`tag,${world.model}(*)`);
    expect(tags).toMatchObject({ error: null, data: [{ tag: "x", [world.model]: null }] });
    const inner = await direct.from(`${world.model}_tags`).select(`tag,${world.model}!inner(body)`);
    expect(inner.data).toEqual([]);
  });

  it("no upsert, update, delete or gift changes it, and no refusal tells of it", async () => {
    const before = await rowOfAda();
    const notes = direct.from(world.model);
    const tries = [
      await notes.upsert({ id, body: "taken over" }).select(),
      await notes.upsert({ id: crypto.randomUUID(), body: "taken over", slug }, { onConflict: "slug" }).select(),
      await notes.insert({ id, body: "taken over" }).select(),
      await notes.insert({ id: crypto.randomUUID(), body: "a gift", owner_id: world.ada.userId }).select(),
      await notes.update({ body: "taken over" }).eq("id", id).select(),
      await notes.delete().eq("id", id).select(),
    ];
    for (const { data, error } of tries) {
      expect(data ?? []).toEqual([]);
      expect(JSON.stringify(error)).not.toContain(secret);
      expect(JSON.stringify(error)).not.toContain(world.ada.userId);
    }
    expect(tries.map(({ error }) => error?.code)).toEqual(["42501", "42501", "23505", "42501", undefined, undefined]);
    expect(await rowOfAda()).toEqual(before);
  });

  it("no row of one's own is handed to another, and a taken value is refused without its owner", async () => {
    const { model } = world;
    const own = await bea.api.data.create.mutate({ model, row: { id: crypto.randomUUID(), body: "mine" } });
    const key = { id: own["id"] ?? null };
    const changes = { owner_id: world.ada.userId };
    expect((await refusalOf(bea.api.data.update.mutate({ model, key, changes }))).code).toBe("RLS_DENIED");
    const taken = await refusalOf(bea.api.data.update.mutate({ model, key, changes: { slug } }));
    expect(taken.code).toBe("UNIQUE_VIOLATION");
    seen(taken);
  });
});
