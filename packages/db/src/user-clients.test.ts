import { createClient } from "@supabase/supabase-js";
import { expect, test } from "vitest";
import type { Database } from "./database.types.ts";
import { userClients } from "./user-clients.ts";

function counted(limit?: number) {
  const made: string[] = [];
  const clientOf = userClients((token) => {
    made.push(token);
    return createClient<Database>("https://example.supabase.co", "sb_publishable_0123456789");
  }, limit);
  return { made, clientOf };
}

test("one token has one client, another token another", () => {
  const { made, clientOf } = counted();
  expect(clientOf("a")).toBe(clientOf("a"));
  expect(clientOf("b")).not.toBe(clientOf("a"));
  expect(made).toEqual(["a", "b"]);
});

test("at the limit the one used longest ago is forgotten", () => {
  const { made, clientOf } = counted(2);
  for (const token of ["a", "b", "a", "c", "a", "b"]) clientOf(token);
  expect(made).toEqual(["a", "b", "c", "b"]);
});
