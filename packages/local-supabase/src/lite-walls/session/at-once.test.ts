import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadKeys } from "../../data-dir/keys.ts";
import { createLite } from "../../lite.ts";
import { openEngine } from "../../stack/open-engine.ts";
import { readProject } from "../../project/project.ts";
import { fileStorage } from "../../storage/files.ts";
import { prepareSystemSchema } from "../../project/system-schema.ts";
import { guardRequests } from "../guard-requests.ts";

// In this process and without a network: all requests begin in one turn of the event loop, which is what
// interleaves them. Over sockets they arrive one by one, and most runs would pass without the wall.

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
    $$ select concat_ws(' ', current_user, auth.role(), auth.uid(), auth.jwt() ->> 'sub') $$;`;

interface Clients extends AsyncDisposable {
  service: SupabaseClient;
  anonymous: SupabaseClient;
  signedUp(email: string): Promise<SupabaseClient>;
}

async function clientsOf(engineName: "pglite" | "native"): Promise<Clients> {
  await using opened = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "waybill test "));
  opened.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  // The native engine runs under another account when the tests run as root.
  await chmod(dataDir, 0o711);
  const keys = await loadKeys(dataDir);
  const project = await readProject(dataDir);
  const engine = await openEngine({ dataDir, engine: engineName }, keys, project);
  opened.defer(() => engine.close());
  const url = "http://localhost";
  const lite = createLite(engine.connection, keys, project.config, url, fileStorage(join(dataDir, "storage")));
  await prepareSystemSchema(engine, lite);
  await engine.exec(schema);
  const services = guardRequests(lite.fetch, { issuer: url, jwtSecret: keys.jwtSecret, query: engine.query });
  const client = (key: string): SupabaseClient =>
    createClient(url, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch: (input, init) => services(new Request(input, init)) },
    });
  const closing = opened.move();
  return {
    service: client(keys.secretKey),
    anonymous: client(keys.publishableKey),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
    signedUp: async (email) => {
      const user = client(keys.publishableKey);
      const { error } = await user.auth.signUp({ email, password: "password1" });
      if (error) throw error;
      return user;
    },
  };
}

describe.each(["pglite", "native"] as const)("callers on %s", (engine) => {
  let clients: Clients;
  beforeAll(async () => {
    clients = await clientsOf(engine);
  });
  afterAll(async () => {
    await clients[Symbol.asyncDispose]();
  });

  test("500 requests at once, half anonymous and half with the secret key, see what is theirs", async () => {
    const { service, anonymous } = clients;
    const answers = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => {
        const { data, error } = await (index % 2 === 0 ? service : anonymous).from("notes").select("body");
        return { secret: index % 2 === 0, bodies: data?.map((row) => row.body).toSorted(), error };
      }),
    );
    expect(answers.filter(({ error }) => error)).toEqual([]);
    expect(answers.filter(({ secret, bodies }) => !secret && bodies?.join() !== "for everyone")).toEqual([]);
    expect(answers.filter(({ secret, bodies }) => secret && bodies?.join() !== "for everyone,for nobody")).toEqual([]);
  });

  test("two users, a visitor and the secret key, writing and calling at once, never act as one another", async () => {
    const users = await Promise.all(["a", "b"].map((name) => clients.signedUp(`${name}@example.com`)));
    const ids = await Promise.all(users.map(async (user) => (await user.auth.getUser()).data.user?.id ?? ""));
    const { service, anonymous } = clients;
    const run = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 240 }, async (_, index) => {
        const which = index % 4;
        const user = users[which];
        const id = ids[which];
        if (user && id) {
          if (index % 8 < 4) {
            const { data } = await user.from("notes").insert({ body: run }).select("owner, seen_by").single();
            return JSON.stringify(data) === JSON.stringify({ owner: id, seen_by: "authenticated" });
          }
          return (await user.rpc("caller")).data === `authenticated authenticated ${id} ${id}`;
        }
        if (which === 2) return (await anonymous.rpc("caller")).data === "anon anon";
        return (await service.rpc("caller")).data === "service_role service_role";
      }),
    );
    expect(answers.filter((right) => !right)).toEqual([]);
    for (const [which, user] of users.entries()) {
      const { data } = await user.from("notes").select("owner").eq("body", run);
      expect(data).toHaveLength(60 / 2);
      expect(new Set(data?.map((row) => row.owner))).toEqual(new Set([ids[which]]));
    }
  });
});
