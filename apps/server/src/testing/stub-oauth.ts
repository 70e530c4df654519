import { createHash, randomUUID } from "node:crypto";
import { Agent, fetch } from "undici";
import { z } from "zod";
import { openBehind } from "./behind.ts";

const exchangeSchema = z.object({ auth_code: z.string(), code_verifier: z.string() });

interface Account {
  readonly email: string;
  readonly password: string;
}

/**
 * The real Supabase, with a provider to sign in by, which the embedded Auth cannot have without the internet: its
 * `/authorize` and `/token?grant_type=pkce` are played here by Auth's own rules, and the session that a code brings is a real one.
 */
export async function openOauth(stack: { url: string; publishableKey: string; ca: string }) {
  const codes = new Map<string, Account & { readonly challenge: string }>();
  const dispatcher = new Agent({ connect: { ca: stack.ca } });
  const refused = (status: number, error_code: string) => ({
    status,
    body: { code: status, error_code, msg: error_code },
  });
  let exchanges = 0;
  const behind = await openBehind(stack, async ({ url, body }) => {
    if (url.pathname !== "/auth/v1/token" || url.searchParams.get("grant_type") !== "pkce") return undefined;
    exchanges += 1;
    const { auth_code, code_verifier } = exchangeSchema.parse(JSON.parse(body));
    const flow = codes.get(auth_code);
    if (flow === undefined) return refused(404, "flow_state_not_found");
    if (createHash("sha256").update(code_verifier).digest("base64url") !== flow.challenge) {
      return refused(400, "bad_code_verifier");
    }
    const { email, password } = flow;
    const answer = await fetch(`${stack.url}/auth/v1/token?grant_type=password`, {
      method: "POST",
      headers: { apikey: stack.publishableKey, "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
      dispatcher,
    });
    // as Auth does, in a second step
    codes.delete(auth_code);
    return { status: answer.status, body: await answer.json() };
  });
  return {
    url: behind.url,
    exchanges: () => exchanges,
    /** What the user's browser meets at `address` and at the provider, up to where it is sent back to. */
    consent(address: string, account: Account): URL {
      const { origin, pathname, searchParams } = new URL(address);
      const asked = Object.fromEntries(searchParams);
      if (`${origin}${pathname}` !== `${behind.url}/auth/v1/authorize`)
        throw new Error(`no address of Auth: ${address}`);
      if (asked["code_challenge_method"] !== "s256") throw new Error("no PKCE");
      const code = randomUUID();
      codes.set(code, { ...account, challenge: asked["code_challenge"] ?? "" });
      const back = new URL(asked["redirect_to"] ?? "");
      back.searchParams.set("code", code);
      return back;
    },
    async [Symbol.asyncDispose]() {
      await behind[Symbol.asyncDispose]();
      await dispatcher.destroy();
    },
  };
}
