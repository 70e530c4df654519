import { randomBytes, randomUUID } from "node:crypto";
import type { ModelDefinition } from "@waybill/contracts";
import { SignJWT } from "jose";
import type { Stack } from "../testing/stack-on.ts";
import { openSql } from "../testing/sql.ts";
import { openStage, type Person, type Stage } from "../testing/stage.ts";
import { openOauth } from "../testing/stub-oauth.ts";
import type { CallerName } from "./access-table.ts";

/** Somebody who calls; what it knows of itself is made up for who is nobody. */
export interface Actor {
  readonly bearer: string | undefined;
  readonly password: string;
}

/** A server in front of a stack, with people and what is theirs. */
export interface World extends AsyncDisposable {
  readonly stack: Stack;
  readonly stage: Stage;
  /** The stack as the server sees it: with a provider to sign in by. */
  readonly oauth: Awaited<ReturnType<typeof openOauth>>;
  /** Where a sign-in by that provider may end. */
  readonly home: string;
  readonly ada: Person;
  readonly admin: Person;
  /** A model whose rows are seen by their owners only. */
  readonly model: string;
  /** Texts that stand in what is Ada's, and nowhere else. */
  readonly marks: readonly string[];
  /** A new row of Ada's; its key. */
  readonly note: () => Promise<{ id: string }>;
  /** A new client, as an operator registers it. */
  readonly client: () => RegisteredClient;
  /** @param fresh somebody new of that kind, whom the call may change */
  readonly actor: (name: CallerName, fresh: boolean) => Promise<Actor>;
}

type RegisteredClient = Parameters<Person["api"]["clients"]["register"]["mutate"]>[0];

const home = "https://app.example.com/signed-in";

export async function openWorld(stack: Stack): Promise<World> {
  await using opened = new AsyncDisposableStack();
  const oauth = opened.use(await openOauth(stack));
  const env = {
    SUPABASE_URL: oauth.url,
    SUPABASE_JWT_ISSUER: `${stack.url}/auth/v1`,
    WAYBILL_ALLOW_HTTP_LOOPBACK: "1",
    WAYBILL_ALLOWED_HOSTS: "127.0.0.1",
    WAYBILL_REDIRECTS: home,
  };
  const stage = opened.use(await openStage({ stack, env }));
  const [ada, bea, admin, left] = await Promise.all([
    stage.newUser(),
    stage.newUser(),
    stage.newAdmin(),
    stage.newUser(),
  ]);
  await left.api.sessions.logout.mutate();
  const model = `notes_${randomBytes(6).toString("hex")}`;
  await makeNotes(stack.dbUrl, model);
  await admin.api.models.create.mutate(notesModel(model));
  const note = async () => {
    const id = randomUUID();
    await ada.api.data.create.mutate({ model, row: { id, body: "Ada's note" } });
    return { id };
  };
  const { session } = await ada.api.sessions.me.query();
  const world = {
    stack,
    stage,
    oauth,
    home,
    ada,
    admin,
    model,
    marks: [ada.userId, session?.session_id ?? "", "Ada's note"],
    note,
    client: () => ({
      client_id: `audit-${randomBytes(4).toString("hex")}/service_role`,
      client_type: "service_role" as const,
      supabase_url: stack.url,
      supabase_key: stack.secretKey,
    }),
    async actor(name: CallerName, fresh: boolean): Promise<Actor> {
      const of = ({ sessionToken, password }: Person) => ({ bearer: sessionToken, password });
      if (name === "nobody") return { bearer: undefined, password: "no password" };
      if (name === "revoked") return of(left);
      if (name === "expired") return { bearer: await expiredToken(stack, ada.userId), password: ada.password };
      if (fresh) return of(await (name === "admin" ? stage.newAdmin() : stage.newUser()));
      return of({ ada, bea, admin }[name]);
    },
  };
  const rest = opened.move();
  return { ...world, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

/** As Auth signed it two hours ago. */
function expiredToken({ url, jwtSecret }: Stack, userId: string): Promise<string> {
  return new SignJWT({ role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(userId)
    .setIssuer(`${url}/auth/v1`)
    .setAudience("authenticated")
    .setIssuedAt("2 hours ago")
    .setExpirationTime("1 hour ago")
    .sign(new TextEncoder().encode(jwtSecret));
}

async function makeNotes(dbUrl: string, table: string): Promise<void> {
  const sql = openSql(dbUrl);
  try {
    await sql.unsafe(`
      create table public.${table} (
        id uuid primary key,
        body text not null,
        slug text unique,
        owner_id uuid not null default auth.uid()
      );
      alter table public.${table} enable row level security;
      create policy own on public.${table} for all to authenticated
        using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
      grant select, insert, update, delete on public.${table} to authenticated;
      notify pgrst, 'reload schema';
    `);
  } finally {
    await sql.end();
  }
}

function notesModel(name: string): ModelDefinition {
  return {
    model_name: name,
    table_name: name,
    schema_version: "1.0.0",
    fields: {
      type: "object",
      "x-primary-key": ["id"],
      properties: {
        id: { type: "string", format: "uuid" },
        body: { type: "string" },
        slug: { type: ["string", "null"] },
        owner_id: { type: "string", format: "uuid" },
      },
      required: ["id", "body"],
    },
  };
}
