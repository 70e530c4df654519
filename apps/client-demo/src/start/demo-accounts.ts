import { randomBytes } from "node:crypto";
import { type WaybillClient, waybillErrorOf } from "@waybill/client";
import type { DemoNote } from "./demo-note.ts";

export type Account = DemoNote["user"];

/** Accounts that no database has yet, so that a lost note never stands in the way. */
export function newDemoNote(): DemoNote {
  const account = (name: string): Account => ({
    email: `${name}-${randomBytes(4).toString("hex")}@example.com`,
    password: randomBytes(18).toString("base64url"),
  });
  return { admin: account("admin"), user: account("demo"), loaded_at: null };
}

/** Signs in; an account that is not there yet is made first. */
export async function signInAs(client: WaybillClient, account: Account, make: () => Promise<unknown>): Promise<void> {
  try {
    await client.sessions.login.mutate(account);
  } catch (error) {
    if (waybillErrorOf(error)?.code !== "INVALID_CREDENTIALS") throw error;
    await make();
    await client.sessions.login.mutate(account);
  }
}
