import { decryptSecret, encryptSecret, type EncryptionKeys } from "@waybill/db";
import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";

/** So long may somebody take at the provider. */
export const stateSeconds = 600;

const place = { table: "oauth", column: "state", row: "" };
const contentSchema = z.object({ verifier: z.string(), until: z.number() });

/** What PKCE (RFC 7636) needs of both ends of a sign-in. */
export interface OauthStart {
  readonly challenge: string;
  /** The verifier, sealed with the server's keys: it means nothing to who carries it. */
  readonly state: string;
}

export interface OauthStates {
  begin(): OauthStart;
  /** The verifier; null for a state that is not ours, damaged, or older than ten minutes. */
  open(state: string): string | null;
}

/**
 * The verifier travels with its user, sealed, instead of waiting here: any process and any restart can go on with it, and
 * nobody can fill a store with sign-ins that they never end.
 */
export function oauthStates(keys: EncryptionKeys, now = (): number => Date.now()): OauthStates {
  return {
    begin() {
      const verifier = randomBytes(48).toString("base64url");
      const content = JSON.stringify({ verifier, until: now() + stateSeconds * 1000 });
      const challenge = createHash("sha256").update(verifier).digest("base64url");
      return { challenge, state: encryptSecret(keys, content, place) };
    },
    open(state) {
      try {
        const { verifier, until } = contentSchema.parse(JSON.parse(decryptSecret(keys, state, place)));
        return now() < until ? verifier : null;
      } catch {
        return null;
      }
    },
  };
}
