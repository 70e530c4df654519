import { createClient } from "@supabase/supabase-js";
import { describe, expect, it } from "vitest";
import { callErrorCode, clientDisconnected, operationTimeout } from "./errors.ts";

const clientThatMeets = (error: Error) =>
  createClient("https://x.supabase.co", "sb_publishable_x", {
    global: {
      fetch: async () => {
        throw error;
      },
    },
    auth: { persistSession: false, autoRefreshToken: false },
  });

describe("the code of a refusal", () => {
  it("is read back from what each part of supabase-js makes of it", async () => {
    const supabase = clientThatMeets(operationTimeout(60_000));
    const answers = [
      await supabase.from("a").select(),
      await supabase.rpc("f"),
      await supabase.auth.signInWithPassword({ email: "a@b.co", password: "x" }),
      await supabase.auth.admin.listUsers(),
      await supabase.storage.from("b").list(),
      await supabase.functions.invoke("f"),
    ];
    expect(answers.map(({ error }) => callErrorCode(error ?? {}))).toEqual(
      Array.from({ length: 6 }, () => "OPERATION_TIMEOUT"),
    );
  });

  it("is none for other errors", async () => {
    const { error } = await clientThatMeets(new TypeError("fetch failed")).from("a").insert({});
    expect(callErrorCode(error ?? {})).toBeUndefined();
    expect(callErrorCode({ message: "the text [OTHER]" })).toBeUndefined();
    expect(callErrorCode({})).toBeUndefined();
  });

  it("leaves no stack in the details", async () => {
    const { error } = await clientThatMeets(clientDisconnected("c", "ECONNREFUSED")).from("a").select();
    expect(error?.details).not.toMatch(/\n\s+at /);
    expect(error?.message).toContain("clients.reconnect");
  });
});
