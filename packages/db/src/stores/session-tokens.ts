import type { AuthenticationContextRow } from "@waybill/contracts";
import { WaybillDbError } from "../errors.ts";
import { decryptSecret, encryptSecret, type EncryptionKeys } from "../secrets.ts";

/** Tokens as Supabase Auth gave them, in plain text. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** The same as ciphertexts, with the row that they belong to. */
export type SealedTokens = Pick<AuthenticationContextRow, "session_id" | keyof Tokens>;

const place = (row: string, column: keyof Tokens) => ({ table: "authentication_contexts", column, row });

export function sealTokens(keys: EncryptionKeys, sessionId: string, tokens: Tokens): Tokens {
  return {
    access_token: encryptSecret(keys, tokens.access_token, place(sessionId, "access_token")),
    refresh_token: encryptSecret(keys, tokens.refresh_token, place(sessionId, "refresh_token")),
  };
}

/** A session whose tokens cannot be read is over for its user, whatever its columns say: only a new login helps. */
export function openTokens(keys: EncryptionKeys, row: SealedTokens): Tokens {
  const { session_id } = row;
  try {
    return {
      access_token: decryptSecret(keys, row.access_token, place(session_id, "access_token")),
      refresh_token: decryptSecret(keys, row.refresh_token, place(session_id, "refresh_token")),
    };
  } catch (cause) {
    throw new WaybillDbError({
      code: "SESSION_OVER",
      message: "The session's tokens cannot be decrypted any more.",
      cause,
    });
  }
}
