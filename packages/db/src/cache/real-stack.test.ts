import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { countingProxy, type CountingProxy } from "../client/testing/counting-proxy.ts";
import { plainClients, type SignedIn } from "../testing/plain-clients.ts";
import { trackedFetch } from "../tracked-fetch-entry.ts";
import { createWaybill } from "../waybill.ts";
import type { Waybill } from "../waybill-types.ts";

const stack = inject("stack");
const sql = postgres(stack.dbUrl, { max: 1, onnotice: () => undefined });
const plain = plainClients();
const journalDir = mkdtempSync(join(tmpdir(), "waybill-cache-"));
const instance = `cache-${crypto.randomUUID().slice(0, 8)}`;
const allowedHosts = ["127.0.0.1"];
const cache = { tables: { cached_notes: { ttlMs: 3_600_000 } } };
let proxy: CountingProxy;
let waybill: Waybill;
let ada: SignedIn;
let bob: SignedIn;

beforeAll(async () => {
  await sql.unsafe(`
    create table cached_notes (id serial primary key, text text not null, n integer not null default 0,
      owner_id uuid default auth.uid(), level text not null default 'own');
    alter table cached_notes enable row level security;
    grant all on cached_notes to anon, authenticated, service_role;
    grant usage on sequence cached_notes_id_seq to anon, authenticated, service_role;
    create policy seen on cached_notes for select using (level = 'all' or owner_id = auth.uid()
      and (level = 'own' or auth.jwt() ->> 'aal' = 'aal2'));
    create policy made on cached_notes for insert with check (owner_id = auth.uid());
    create policy changed on cached_notes for update using (level = 'all')`);
  proxy = await countingProxy(stack);
  waybill = createWaybill({
    ...stack,
    url: proxy.url,
    journalDir,
    instance,
    allowHttpLoopback: true,
    allowedHosts,
    cache,
  });
  [ada, bob] = [await plain.signUp(), await plain.signUp()];
  // the Data API learns of a new table by and by
  const service: SupabaseClient = plain.service;
  await vi.waitFor(async () => void (await service.from("cached_notes").select().throwOnError()), 10_000);
});
beforeEach(async () => {
  await sql`truncate cached_notes`;
  await sql`insert into cached_notes (text, owner_id, level) values
    ('of ada', ${ada.id}, 'own'), ('of ada, guarded', ${ada.id}, 'aal2'), ('of bob', ${bob.id}, 'own'), ('of all', null, 'all')`;
  waybill.invalidate("cached_notes");
  proxy.passed.length = 0;
});
afterAll(async () => {
  await waybill.close();
  await plain[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await sql`drop table cached_notes`;
  await sql`delete from supabase_clients where client_id like ${`${instance}%`}`;
  await sql.end();
  rmSync(journalDir, { recursive: true, force: true });
});

const asUser = (accessToken: string): SupabaseClient => waybill.forUser(accessToken);
const textsOf = async (client: SupabaseClient): Promise<unknown> => {
  const { data, error } = await client.from("cached_notes").select("text").order("id");
  return error?.code ?? data?.map(({ text }) => text);
};
const reads = () => proxy.passed.filter(({ method, path }) => method === "GET" && path.includes("/cached_notes"));

/** The user's own token, signed anew with other claims. */
function withClaims({ accessToken }: SignedIn, claims: object): string {
  const [head = "", payload = ""] = accessToken.split(".");
  const own: object = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  const text = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url")}.${Buffer.from(JSON.stringify({ ...own, ...claims })).toString("base64url")}`;
  expect(head).not.toBe("");
  return `${text}.${createHmac("sha256", stack.jwtSecret).update(text).digest("base64url")}`;
}

describe("under row-level security", () => {
  it("two users who ask for the same URL never see each other's rows, in whatever order", async () => {
    const nobody: SupabaseClient = waybill.anon();
    const service: SupabaseClient = waybill.service();
    const sees = [
      [asUser(ada.accessToken), ["of ada", "of all"]],
      [asUser(bob.accessToken), ["of bob", "of all"]],
      [nobody, ["of all"]],
      [service, ["of ada", "of ada, guarded", "of bob", "of all"]],
    ] as const;
    for (let round = 0; round < 3; round += 1) {
      const crowd = Array.from({ length: 40 }, (_, index) => sees[(index * 7 + round) % sees.length] ?? sees[0]);
      const seen = await Promise.all(crowd.map(([client]) => textsOf(client)));
      expect(seen).toEqual(crowd.map(([, texts]) => texts));
    }
    expect(reads()).toHaveLength(sees.length);
  });

  it("two tokens of one user, whom a policy tells apart, neither", async () => {
    const strong = withClaims(ada, { aal: "aal2" });
    for (let times = 0; times < 2; times += 1) {
      expect(await textsOf(asUser(ada.accessToken))).toEqual(["of ada", "of all"]);
      expect(await textsOf(asUser(strong))).toEqual(["of ada", "of ada, guarded", "of all"]);
    }
    expect(reads()).toHaveLength(2);
  });

  it("a forged token gets nothing that the genuine one got", async () => {
    await textsOf(asUser(ada.accessToken));
    const forged = `${ada.accessToken.slice(0, ada.accessToken.lastIndexOf("."))}.${"A".repeat(43)}`;
    expect(await textsOf(asUser(forged))).toMatch(/^PGRST3/);
    expect(await textsOf(asUser(forged))).toMatch(/^PGRST3/);
  });
});

describe("writes that pass through", () => {
  it("are seen at once by all who had an answer already", async () => {
    expect(await textsOf(asUser(bob.accessToken))).toEqual(["of bob", "of all"]);
    await sql`update cached_notes set text = 'unseen' where level = 'all'`;
    expect(await textsOf(asUser(bob.accessToken))).toEqual(["of bob", "of all"]);
    const { error } = await asUser(ada.accessToken).from("cached_notes").update({ text: "new" }).eq("level", "all");
    expect(error).toBeNull();
    expect(await textsOf(asUser(bob.accessToken))).toEqual(["of bob", "new"]);
  });

  it("are never hidden from a read that begins after one has ended", async () => {
    const service: SupabaseClient = waybill.service();
    let written = 0;
    let given = 0;
    const faults: string[] = [];
    const writer = async () => {
      for (let times = 0; times < 12; times += 1) {
        const n = (given += 1);
        await service.from("cached_notes").update({ n }).eq("level", "all").lt("n", n);
        written = Math.max(written, n);
      }
    };
    const reader = async (client: SupabaseClient) => {
      for (let times = 0; times < 60; times += 1) {
        const least = written;
        const { data } = await client.from("cached_notes").select("n").eq("level", "all").single();
        if (Number(data?.n) < least) faults.push(`${data?.n} after ${least}`);
      }
    };
    const clients = [ada, bob].map(({ accessToken }) => asUser(accessToken));
    await Promise.all([
      writer(),
      writer(),
      ...clients.flatMap((client) => [reader(client), reader(client), reader(client)]),
    ]);
    expect(faults).toEqual([]);
    expect(reads().length).toBeLessThan(360);
  });

  it("and so are those of a client that is registered for the same project", async () => {
    const client_id = `${instance}-beside/service_role`;
    await waybill.clients.register({
      client_id,
      client_type: "service_role",
      supabase_url: `${proxy.url}/`,
      supabase_key: stack.secretKey,
    });
    const beside = await waybill.client(client_id);
    expect(await textsOf(asUser(bob.accessToken))).toEqual(["of bob", "of all"]);
    await beside.from("cached_notes").update({ text: "new" }).eq("level", "all").throwOnError();
    expect(await textsOf(asUser(bob.accessToken))).toEqual(["of bob", "new"]);
    // it has answers of its own, each for its key
    expect(await textsOf(beside)).toHaveLength(4);
    expect(await textsOf(beside)).toHaveLength(4);
    expect(reads()).toHaveLength(3);
  });

  it("by another way are seen after invalidate", async () => {
    await textsOf(asUser(bob.accessToken));
    await sql`update cached_notes set text = 'direct' where level = 'all'`;
    waybill.invalidate("cached_notes");
    expect(await textsOf(asUser(bob.accessToken))).toEqual(["of bob", "direct"]);
  });
});

it("the record of an answer from memory reaches the database, and its user can read it", async () => {
  const request_id = crypto.randomUUID();
  await waybill.run({ request_id }, async () => {
    await textsOf(asUser(ada.accessToken));
    await textsOf(asUser(ada.accessToken));
  });
  expect(await waybill.flush()).toMatchObject({ flushed: true });
  const rows = await sql`select operation_id, operation_type, table_name, status, attempts, user_id, response_data
    from database_operations where request_id = ${request_id} order by operation_id`;
  const shared = { operation_type: "read", table_name: "cached_notes", status: "success", user_id: ada.id };
  expect(rows).toMatchObject([
    { ...shared, attempts: 1, response_data: [{ text: "of ada" }, { text: "of all" }] },
    { ...shared, attempts: 0, response_data: { cached: true, operation_id: rows[0]?.["operation_id"] } },
  ]);
  const own = await ada.client
    .from("own_operations")
    .select("attempts")
    .eq("request_id", request_id)
    .order("operation_id");
  expect(own.data).toEqual([{ attempts: 1 }, { attempts: 0 }]);
});

it("an application's own supabase-js has it by trackedFetch", async () => {
  const { secretKey } = stack;
  const fetch = trackedFetch({
    url: proxy.url,
    secretKey,
    journalDir: join(journalDir, "standalone"),
    instance: `${instance}-own`,
    allowHttpLoopback: true,
    cache,
  });
  try {
    const supabase = createClient(proxy.url, secretKey, { global: { fetch } });
    const first = await textsOf(supabase);
    await sql`update cached_notes set text = 'direct' where level = 'all'`;
    expect(await textsOf(supabase)).toEqual(first);
    fetch.invalidate("cached_notes");
    expect(await textsOf(supabase)).toContain("direct");
  } finally {
    await fetch.close();
    await sql`delete from supabase_clients where client_id like ${`${instance}-own/%`}`;
  }
});
