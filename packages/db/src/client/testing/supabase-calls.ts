import type { SupabaseClient } from "@supabase/supabase-js";
import { callErrorCode } from "../errors.ts";

interface Outcome {
  readonly error: { readonly message: string; readonly status?: number | undefined } | null;
  /** Of the answer, where a call has one beside its error. */
  readonly status?: number;
}

export interface KnownUser {
  readonly email: string;
  readonly password: string;
}

export type CallName = "read" | "create" | "update" | "delete" | "rpc" | "auth" | "list" | "download" | "upload";

/** One call for each type of operation, as an application makes it; each changes nothing, however often it is made. */
export const supabaseCalls: Readonly<
  Record<CallName, (client: SupabaseClient, user: KnownUser) => PromiseLike<Outcome>>
> = {
  read: (client) => client.from("airports").select().limit(1),
  create: (client) => client.from("airports").insert([]).select(),
  update: (client) => client.from("airports").update({ name: "Nowhere" }).eq("iata", "ZZZ9").select(),
  delete: (client) => client.from("airports").delete().eq("iata", "ZZZ9").select(),
  rpc: (client) => client.rpc("record_operations", { operations: [] }),
  auth: (client, user) => client.auth.signInWithPassword(user),
  list: (client) => client.storage.listBuckets(),
  download: (client) => client.storage.from("faults").download("file"),
  upload: (client) => client.storage.from("faults").upload("file", Buffer.from("hello"), { upsert: true }),
};

/** What the caller is told: `ok`, Waybill's own code, the status of an error, `no JSON` or `no answer`. */
export async function toldBy(call: () => PromiseLike<Outcome>): Promise<string> {
  try {
    return told(await call());
  } catch (error) {
    // storage-js lets a download that breaks off reject
    return error instanceof Error ? told({ error }) : "something else";
  }
}

function told({ error, status }: Outcome): string {
  if (error === null) return "ok";
  const code = callErrorCode(error);
  if (code !== undefined) return code;
  if (status === 200 || /JSON at position/.test(error.message)) return "no JSON";
  const said = error.status ?? status ?? 0;
  return said === 0 ? "no answer" : String(said);
}
