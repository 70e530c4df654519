import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { Agent, fetch as undiciFetch } from "undici";
import { inject } from "vitest";
import type { StackDetails } from "../stack/messages.ts";
import { start } from "../start.ts";
import { eventually } from "./processes.ts";

// oxlint-disable-next-line typescript/consistent-type-assertions, typescript/no-unsafe-type-assertion -- Node's types are of an older undici, and differ in FormData
const fetchThrough = undiciFetch as unknown as (input: unknown, init: object) => Promise<Response>;

/** A stack, and clients of it over real HTTPS. */
export interface TestProject extends AsyncDisposable {
  readonly stack: StackDetails;
  /** With the secret key. */
  readonly service: SupabaseClient;
  /** With the publishable key; every call gives a client without a session. */
  anonymous(): SupabaseClient;
  /** Signed up with this address and the password `password1`. */
  signedUp(email: string): Promise<SupabaseClient>;
  /** A bare request, with the secret key unless `headers` say otherwise. */
  request(path: string, init?: RequestOptions): Promise<Response>;
}

interface RequestOptions {
  method?: string;
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  redirect?: "manual";
}

/** Starts a stack of the test's own, whose only migration is `sql`. */
export async function startProject(sql: string, engine: "pglite" | "native" = "pglite"): Promise<TestProject> {
  const project = await mkdtemp(join(tmpdir(), "waybill project "));
  try {
    await mkdir(join(project, "migrations"));
    await writeFile(join(project, "migrations", "20260101000000_test.sql"), sql);
    const stack = await start({ project, engine });
    return projectOn(stack, () => stack.stop());
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

/** Runs `sql` on the stack that test files share: what it makes must have names of its own. */
export async function sharedProject(sql: string, engine: "pglite" | "native" = "pglite"): Promise<TestProject> {
  const stack = inject(engine);
  const project = projectOn(stack, async () => {});
  const marker = `ready_${randomUUID().replaceAll("-", "")}`;
  const superuser = postgres(stack.dbUrl, { max: 1, onnotice: () => {} });
  try {
    await superuser.unsafe(`${sql}; create function public.${marker}() returns int language sql return 1`).simple();
  } finally {
    await superuser.end({ timeout: 5 });
  }
  await eventually(async () => (await project.service.rpc(marker)).data === 1, "the Data API knew the new schema");
  return project;
}

function projectOn(stack: StackDetails, stop: () => Promise<void>): TestProject {
  const agent = new Agent({ connect: { ca: stack.ca }, connections: 100 });
  const trusting: typeof fetch = (input, init) => fetchThrough(input, { ...init, dispatcher: agent });
  const client = (key: string): SupabaseClient =>
    createClient(stack.url, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch: trusting },
    });
  return {
    stack,
    service: client(stack.secretKey),
    anonymous: () => client(stack.publishableKey),
    signedUp: async (email) => {
      const user = client(stack.publishableKey);
      const { error } = await user.auth.signUp({ email, password: "password1" });
      if (error) throw error;
      return user;
    },
    request: (path, { headers, ...init } = {}) =>
      trusting(stack.url + path, {
        ...init,
        headers: headers ?? { apikey: stack.secretKey, "content-type": "application/json" },
      }),
    [Symbol.asyncDispose]: async () => {
      await agent.close();
      await stop();
    },
  };
}
