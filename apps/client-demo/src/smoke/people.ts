import { randomBytes } from "node:crypto";
import type { Caller } from "../callers/caller.ts";

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Credentials that nobody had before. */
export function newCredentials(scene: string, name: string): Credentials {
  return { email: `${name}.${scene}@example.com`, password: randomBytes(18).toString("base64url") };
}

/** Signs in and learns who one is; the client keeps the session's token. */
export async function signIn(caller: Caller, credentials: Credentials): Promise<readonly string[]> {
  await caller.api.sessions.login.mutate({ ...credentials });
  const { user_id: userId, roles } = await caller.api.sessions.me.query();
  caller.userId = userId;
  return roles;
}

/** Makes an ordinary account and signs in with it. */
export async function signUpAndIn(caller: Caller, credentials: Credentials): Promise<void> {
  const { confirmation_required: waits } = await caller.api.sessions.signUp.mutate({ ...credentials });
  if (waits) {
    throw new Error(
      "Supabase Auth wants the e-mail address confirmed first: turn that off for this project, or smoke the embedded one",
    );
  }
  await signIn(caller, credentials);
}
