import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
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
    $$ select concat_ws(' ', current_user, auth.role(), auth.uid(), auth.jwt() ->> 'sub') $$;
  insert into storage.buckets (id, name, public) values ('papers', 'papers', false);
  create policy own on storage.objects for all to authenticated
    using ((storage.foldername(name))[1] = (select auth.uid())::text)
    with check ((storage.foldername(name))[1] = (select auth.uid())::text);`;

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

  test("500 requests of two users, a visitor and the secret key, rows, functions, objects and failures, keep apart", async () => {
    const { service, anonymous } = clients;
    const users = await Promise.all(["a", "b"].map((name) => clients.signedUp(`${name}@example.com`)));
    const [a = "", b = ""] = await Promise.all(
      users.map(async (user) => (await user.auth.getUser()).data.user?.id ?? ""),
    );
    const run = randomUUID();
    await service.storage.from("papers").upload(`${a}/${run}`, Buffer.from("a's paper"));
    const both = ["for everyone", "for nobody"];
    const callers = [
      {
        client: users[0],
        folder: a,
        is: `authenticated authenticated ${a} ${a}`,
        reads: [],
        writes: "23502",
        paper: true,
      },
      {
        client: users[1],
        folder: b,
        is: `authenticated authenticated ${b} ${b}`,
        reads: [],
        writes: "23502",
        paper: false,
      },
      { client: anonymous, folder: a, is: "anon anon", reads: both.slice(0, 1), writes: "42501", paper: false },
      { client: service, folder: a, is: "service_role service_role", reads: both, writes: "23502", paper: true },
    ];
    const wrong = await Promise.all(
      Array.from({ length: 500 }, async (_, index) => {
        const { client = anonymous, folder, is, reads, writes, paper } = callers[index % 4] ?? {};
        const papers = client.storage.from("papers");
        const isVisitor = client === anonymous;
        const [got, expected] =
          (await [
            async () => [(await client.rpc("caller")).data, is],
            async () => [
              (await client.from("notes").select("body").in("body", both).order("body")).data,
              reads?.map((body) => ({ body })),
            ],
            async () => [(await client.from("notes").insert({ body: null })).error?.code, writes],
            async () => [
              (await client.from("notes").insert({ body: run })).error?.code,
              isVisitor ? "42501" : undefined,
            ],
            async () => [(await papers.upload(`${folder}/${index}`, Buffer.from(run))).error === null, !isVisitor],
            async () => [(await (await papers.download(`${a}/${run}`)).data?.text()) === "a's paper", paper],
          ][Math.floor(index / 4) % 6]?.()) ?? [];
        return isDeepStrictEqual(got, expected) ? undefined : { index, got, expected };
      }),
    );
    expect(wrong.filter((answer) => answer)).toEqual([]);
    const { data } = await service.from("notes").select("owner, seen_by").eq("body", run);
    const written = new Set(data?.map(({ owner, seen_by }) => `${owner} ${seen_by}`));
    expect(written).toEqual(new Set([`${a} authenticated`, `${b} authenticated`, "null service_role"]));
  });
});
